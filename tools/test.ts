// `npm test`: the repository checks, then every test. Arguments go to vitest and skip the checks.
import { check } from './check.ts'
import { runTool } from './processes.ts'

const args = process.argv.slice(2)
const checked = args.length > 0 || (await check())
const tested = await runTool('vitest', ['run', ...args])
process.exitCode = checked && tested === 0 ? 0 : 1
