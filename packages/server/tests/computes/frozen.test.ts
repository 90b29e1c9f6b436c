// Computes whose Postgres is stopped by a signal: whoever waits is answered, and the workspace ends.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processesIn } from '../../src/postgres/server-processes.ts'
import { waitUntil } from '../postgres/installed.ts'
import { type TestComputes, startTestComputes } from './workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

let workspace: TestComputes

beforeAll(async () => {
  workspace = await startTestComputes()
})
afterAll(() => workspace[Symbol.asyncDispose]())

const isLinux = process.platform === 'linux'

function processesOf(uid: string): Promise<number[]> {
  return processesIn(workspace.specs.get(uid)!.dataDirectory)
}

async function freeze(uid: string): Promise<void> {
  const pids = await processesOf(uid)
  expect(pids.length).toBeGreaterThan(4)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
}

test.runIf(isLinux)(
  'who logs in to a frozen compute is told, and it can be suspended and woken again',
  async () => {
    expectInLog(/the roles could not be read before the compute stops/)
    const { computes } = workspace
    const uid = await workspace.newEndpoint('frozen')
    await computes.readLoginRole(uid, 'nobody')
    await freeze(uid)
    await expect(computes.readLoginRole(uid, 'nobody')).rejects.toMatchObject({ code: 'compute_unreachable' })
    await computes.suspend(uid)
    expect(await processesOf(uid)).toEqual([])
    expect(await computes.readLoginRole(uid, 'nobody')).toBe('absent')
  },
)

test.runIf(isLinux)(
  'frozen computes, and one that a clone holds, do not keep the workspace from ending',
  async () => {
    expectInLog(
      /the roles could not be read before the compute stops/,
      /the compute crashed/,
      /of an earlier run/,
      /though something holds it/,
    )
    const another = await workspace.startAnother()
    const frozen = await workspace.newEndpoint('frozen-end')
    const held = await workspace.newEndpoint('held-end')
    await Promise.all([another.wake(frozen), another.wake(held)])
    await freeze(frozen)
    const never = Promise.withResolvers<void>()
    const holding = another.withFiles(held, () => never.promise)
    const ended = another[Symbol.asyncDispose]()
    await waitUntil(
      async () => [...(await processesOf(frozen)), ...(await processesOf(held))].length === 0,
      40_000,
    )
    never.resolve()
    await Promise.all([holding, ended])
  },
)

test.runIf(isLinux)('a session that computes is ended with a postmaster that was killed', async () => {
  expectInLog(/the compute crashed/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('busy')
  const running = computes
    .withAdmin(uid, async (admin) => {
      const [row] = await admin.query<{ pid: number }>(
        "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1]::int AS pid",
      )
      const looping = admin.execute('DO $$ BEGIN LOOP END LOOP; END $$')
      process.kill(row!.pid, 'SIGKILL')
      await looping
    })
    .catch(() => undefined)
  await waitUntil(() => computes.state(uid) === 'failed')
  await waitUntil(async () => (await processesOf(uid)).length === 0)
  await running
  await expect(computes.wake(uid)).resolves.toBeDefined()
})
