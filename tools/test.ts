// `npm test`: the repository checks, then every test, then whether the tests called every route. Arguments go to vitest and skip the rest.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { check } from './check.ts'
import { root, runTool } from './processes.ts'
import { inRunDirectory } from './run-directory.ts'

const args = process.argv.slice(2)
const checked = args.length > 0 || (await check())
// Read by record-calls.mjs in every process, and by the reporter at the end; some tests alone need not call everything.
const calls = mkdtempSync(path.join(tmpdir(), 'lakelet-calls-'))
process.env['TEST_CALLS_DIR'] = calls
process.env['TEST_CALLS_MUST_BE_COMPLETE'] = args.length === 0 ? '1' : ''
const recorder = pathToFileURL(path.join(root, 'tools', 'record-calls.mjs')).href
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import=${recorder}`.trim()
const tested = await inRunDirectory(() => runTool('vitest', ['run', ...args]))
rmSync(calls, { recursive: true, force: true })
process.exitCode = checked && tested === 0 ? 0 : 1
