// The official Python SDK, unmodified, as its users run it: one process per version, all against one workspace. What the checks are is
// written in Python (`python/sdk_*.py`); each is a test here.
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { environment, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { checksIn, failureOf, type Outcome, runChecks } from './checks.ts'
import { pythonWith, whyNoPython } from './python.ts'
import { RegistryUnreachable } from './registry.ts'

const programs = path.join(import.meta.dirname, 'python')
const psycopg = 'psycopg[binary]==3.3.9'

interface Version {
  readonly sdk: string
  readonly requirements: readonly string[]
  /** The files with its checks. */
  readonly files: readonly string[]
}

const withoutPostgres = ['sdk_identity.py', 'sdk_files.py', 'sdk_apps.py', 'sdk_bundles.py']
const versions: readonly Version[] = [
  {
    sdk: '0.162.0',
    requirements: ['databricks-sdk==0.162.0', psycopg],
    files: [...withoutPostgres, 'sdk_postgres.py'],
  },
  // The first one with w.postgres.
  {
    sdk: '0.81.0',
    requirements: ['databricks-sdk==0.81.0', psycopg],
    files: [...withoutPostgres, 'sdk_postgres.py'],
  },
  // The one that the runtime of apps has installed.
  { sdk: '0.33.0', requirements: ['databricks-sdk==0.33.0'], files: withoutPostgres },
]

describe('databricks-sdk for Python', () => {
  let workspace: TestWorkspace | undefined
  let reasonToSkip: string | undefined
  const reports = new Map<string, Promise<readonly Outcome[]>>()

  beforeAll(async () => {
    reasonToSkip = await whyNoPython()
    if (reasonToSkip === undefined) workspace = await prepare(reports)
  }, 300_000)
  beforeEach((context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip)
  })
  afterAll(async () => {
    await Promise.allSettled(reports.values())
    await workspace?.[Symbol.asyncDispose]()
  })

  async function prepare(into: Map<string, Promise<readonly Outcome[]>>): Promise<TestWorkspace | undefined> {
    const pythons = new Map<string, string>()
    try {
      for (const { sdk, requirements } of versions) pythons.set(sdk, await pythonWith(requirements))
    } catch (error) {
      if (!(error instanceof RegistryUnreachable)) throw error
      reasonToSkip = error.message
      return undefined
    }
    const started = await startTestWorkspace()
    // One after the other: each is one busy core.
    let before: Promise<unknown> = Promise.resolve()
    for (const { sdk } of versions) {
      const report = before.then(() => runSdk(started, pythons.get(sdk) ?? '', sdk))
      into.set(sdk, report)
      before = report.catch(() => {})
    }
    return started
  }

  describe.each(versions)('$sdk', ({ sdk, files }) => {
    const names = files.flatMap((file) => checksIn(path.join(programs, file)))
    it.for(names)('%s', async (name, context) => {
      expect(failureOf(await reports.get(sdk), name, context)).toBe('')
    })
  })
})

function runSdk(workspace: TestWorkspace, python: string, sdk: string): Promise<readonly Outcome[]> {
  const label = `v${sdk.replaceAll('.', '-')}`
  const file = path.join(workspace.dataDir, 'workspace.json')
  const command = [python, '-B', path.join(programs, 'sdk.py'), file, label]
  return runChecks(command, { env: environment(workspace.home) })
}
