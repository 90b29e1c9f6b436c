// `npm run soak`: the hostile tests, the kills, the console's pages in all their looks and the connector's rotation at full length, and
// the published package on the oldest Node.
// Arguments name other tests or limit these. SOAK_SECONDS is how long a single test that runs for a time does so; a minute when it is not set.
import { runTool } from './processes.ts'
import { inRunDirectory } from './run-directory.ts'

const LONG_TESTS = [
  'tests/hostile',
  'tests/faults',
  'tests/browser/pages.test.ts',
  'tests/browser/keyboard.test.ts',
  'tests/browser/tutorial.test.ts',
  'packages/connect/tests/soak',
  'tests/clients/mcp-inspector',
  'packages/cli/tests/dev',
  'packages/server/tests/apps/operations',
  'packages/server/tests/apps/templates',
  'packages/lakelet/tests',
  'packages/server/tests/branching',
  'packages/server/tests/gateway/pool',
  'packages/server/tests/gateway/parking',
  'tests/clients/idle-pools',
  'packages/server/tests/gateway/differential',
  'packages/server/tests/gateway/fuzz',
  'packages/server/tests/storage/recovery-traps',
  'tests/system/examples',
  'packages/cli/tests/sql.test.ts',
  'packages/cli/tests/storage',
  'packages/server/tests/storage/file-systems',
  'tests/system/docs-run',
]

/** Once more for each of these major versions of Postgres. */
const OTHER_MAJORS = ['16', '18']
const TESTS_OF_POSTGRES = [
  'packages/server/tests/postgres',
  'packages/server/tests/computes/drivers',
  'packages/server/tests/gateway/parking',
  'packages/server/tests/storage/history',
  'packages/server/tests/storage/recovery-traps',
  'packages/server/tests/storage/storage.test',
  'packages/server/tests/control/restores',
  'packages/server/tests/control/snapshots',
  'tests/system/time-travel',
  'tests/system/replicas',
]

const args = process.argv.slice(2)
process.env['SOAK'] = '1'
process.env['SOAK_SECONDS'] ??= '60'
const run = (tests: readonly string[]) =>
  inRunDirectory(() => runTool('vitest', ['run', '--testTimeout=1800000', ...tests]))
process.exitCode = await run(args.length > 0 ? args : LONG_TESTS)
for (const major of args.length > 0 ? [] : OTHER_MAJORS) {
  process.env['TEST_POSTGRES_MAJOR'] = major
  process.exitCode ||= await run(TESTS_OF_POSTGRES)
}
