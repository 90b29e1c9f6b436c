// kill -9 in the middle of operations: the next start completes or undoes them, and leaves nothing behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listUnfinishedOperations } from '../../src/metadata/operations.ts'
import { listBranchUids } from '../../src/metadata/branches.ts'
import { temporaryDirectory } from '../postgres/installed.ts'
import { prepareBase, crashScenarios } from './crash-scenarios.ts'
import { startControlWorkspace } from './control-workspace.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  directory = await temporaryDirectory()
  await using workspace = await startControlWorkspace({ dataDir: directory.path })
  await prepareBase(workspace.client)
})
afterAll(() => directory[Symbol.asyncDispose]())

test.each(crashScenarios.map((scenario, index) => [scenario.failpoint, scenario, index] as const))(
  'killed at %s',
  async (_name, scenario, index) => {
    expect(await runUntilKilled(directory.path, index)).toBe('SIGKILL')
    await using workspace = await startControlWorkspace({ dataDir: directory.path })
    await workspace.control.context.operations.idle()
    await scenario.check(workspace)
    expect(await listUnfinishedOperations(workspace.metadata.db)).toEqual([])
    const locks = await workspace.metadata.db.selectFrom('operation_locks').selectAll().execute()
    expect(locks).toEqual([])
    expect((await workspace.storage.list()).sort()).toEqual(
      (await listBranchUids(workspace.metadata.db)).sort(),
    )
  },
)

/** Starts a server on the data directory, lets it act, and returns how it ended. */
async function runUntilKilled(dataDir: string, index: number): Promise<string | null> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=lakelet:source',
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('./crash-child.ts', import.meta.url)),
      dataDir,
      String(index),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal === null) throw new Error(`the server ended with exit code ${code}:\n${stderr}`)
  return signal
}
