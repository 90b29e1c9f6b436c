// `npm run soak`: the hostile tests, the kills and the connector's rotation at full length, and the published package on the oldest Node.
// Arguments name other tests or limit these. SOAK_SECONDS is how long a single test that runs for a time does so; a minute when it is not set.
import { runTool } from './processes.ts'

const LONG_TESTS = ['tests/hostile', 'tests/faults', 'packages/connect/tests/soak', 'packages/lakelet/tests']

const args = process.argv.slice(2)
process.env['SOAK'] = '1'
process.env['SOAK_SECONDS'] ??= '60'
process.exitCode = await runTool('vitest', [
  'run',
  '--testTimeout=1800000',
  ...(args.length > 0 ? args : LONG_TESTS),
])
