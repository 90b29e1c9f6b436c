import { tmpdir } from 'node:os'
import path from 'node:path'

/** What test files share and keep between runs, such as an initialised Postgres: nothing in it belongs to one of them. */
export const sharedDirectory = path.join(process.env['TEST_SYSTEM_TMPDIR'] ?? tmpdir(), 'lakelet-tests')
