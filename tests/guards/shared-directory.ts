import { tmpdir } from 'node:os'
import path from 'node:path'

const temporary = process.env['TEST_SYSTEM_TMPDIR'] ?? tmpdir()

/** What test files share and keep between runs, such as installed packages: nothing in it belongs to one of them. */
export const sharedDirectory = path.join(process.env['TEST_KEPT_DIR'] ?? temporary, 'lakelet-tests')

/** What test files of one run share, on the file system of their temporary directories; the same where that is kept anyway. */
export const runDirectory = path.join(temporary, 'lakelet-tests')
