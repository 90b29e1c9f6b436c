import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stopLeftover } from '../../src/postgres/index.ts'
import { connectAs, socketOf, waitUntil } from '../postgres/installed.ts'
import { type TestComputes, startTestComputes } from './workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

let workspace: TestComputes

beforeAll(async () => {
  workspace = await startTestComputes()
})
afterAll(() => workspace[Symbol.asyncDispose]())

/** Kills the postmaster of a branch as the kernel would. */
async function killServer(uid: string): Promise<void> {
  await workspace.computes.withAdmin(uid, async (admin) => {
    const [row] = await admin.query<{ pid: number }>(
      "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1]::int AS pid",
    )
    process.kill(row?.pid ?? 0, 'SIGKILL')
  })
}

test('many clients that wake a compute at once cause one start', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('once')
  expect(computes.state(uid)).toBe('idle')
  const awake = await Promise.all(Array.from({ length: 20 }, () => computes.wake(uid)))
  expect(new Set(awake.map(socketOf)).size).toBe(1)
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active'])
  await using session = await connectAs(awake[0]!, 'cloud_admin')
  expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await computes.suspend(uid)
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active', 'stopping', 'idle'])
  expect(computes.activity(uid)).toMatchObject({ state: 'idle', lastSuspendReason: 'asked' })
})

test('a client that goes away while it waits does not end the start', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('gone')
  const gone = new AbortController()
  const waiting = computes.wake(uid, gone.signal)
  gone.abort(new Error('the client left'))
  await expect(waiting).rejects.toThrow('the client left')
  await computes.wake(uid)
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active'])
})

test('unknown and disabled endpoints are not woken', async () => {
  const { computes } = workspace
  await expect(computes.wake('ep-nobody')).rejects.toMatchObject({ code: 'endpoint_unknown' })
  const uid = await workspace.newEndpoint('off', { disabled: true })
  await expect(computes.wake(uid)).rejects.toMatchObject({ code: 'endpoint_disabled' })
  expect(workspace.statesOf(uid)).toEqual([])
  workspace.specs.set(uid, { ...workspace.specs.get(uid)!, disabled: false })
  await expect(computes.wake(uid)).resolves.toBeDefined()
})

test('after the server was killed the next wake starts it again, with its data', async () => {
  expectInLog(/the compute crashed/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('killed')
  await computes.withAdmin(uid, (admin) => admin.execute('CREATE TABLE public.kept AS SELECT 42 AS n'))
  await killServer(uid).catch(() => undefined)
  await waitUntil(() => computes.state(uid) === 'failed')
  expect(computes.activity(uid).lastError).toMatch(/SIGKILL/)
  const rows = await computes.withAdmin(uid, (admin) => admin.query('SELECT n FROM public.kept'))
  expect(rows).toEqual([{ n: 42 }])
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active', 'failed', 'starting', 'active'])
})

test('a wake during the recovery of a crashed backend is held until connections are accepted', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('recovery')
  const awake = await computes.wake(uid)
  await using session = await connectAs(awake, 'cloud_admin')
  const [backend] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  process.kill(backend!.pid, 'SIGKILL')
  await waitUntil(async () => {
    const again = await computes.wake(uid)
    return connectAs(again, 'cloud_admin').then(
      (other) => other[Symbol.asyncDispose]().then(() => true),
      () => false,
    )
  })
  expect(computes.state(uid)).toBe('active')
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active'])
})

test('wakes that race suspends are all served', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('race')
  for (let round = 0; round < 8; round += 1) {
    const awake = computes.wake(uid)
    const suspended = computes.suspend(uid)
    const again = computes.wake(uid)
    await Promise.all([awake, suspended, again])
    expect(socketOf(await computes.wake(uid))).toBe(socketOf(await again))
    expect(await computes.withAdmin(uid, (admin) => admin.query('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  }
})

test('a start that keeps failing is answered from memory for a while', async () => {
  expectInLog(/Postgres did not start: .*work_mem/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('broken', { settings: { work_mem: 'plenty' } })
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(computes.wake(uid)).rejects.toThrow(/work_mem/)
  }
  const starts = () => workspace.statesOf(uid).filter((state) => state === 'starting').length
  expect(starts()).toBe(2)
  await expect(computes.wake(uid)).rejects.toMatchObject({ code: 'compute_start_failed' })
  expect(starts()).toBe(2)
  workspace.specs.set(uid, { ...workspace.specs.get(uid)!, settings: {} })
  await waitUntil(() =>
    computes.wake(uid).then(
      () => true,
      () => false,
    ),
  )
  expect(computes.activity(uid).lastError).toBeUndefined()
})

test('restart applies changed settings; a sleeping compute is left asleep', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('restart')
  await computes.restart(uid)
  expect(computes.state(uid)).toBe('idle')
  await computes.wake(uid)
  workspace.specs.set(uid, { ...workspace.specs.get(uid)!, maxCu: 2, settings: { work_mem: '12MB' } })
  await computes.restart(uid)
  const shown = await computes.withAdmin(uid, (admin) =>
    admin.query(
      "SELECT current_setting('work_mem') AS work_mem, current_setting('max_connections') AS connections",
    ),
  )
  expect(shown).toEqual([{ work_mem: '12MB', connections: '419' }])
})

test('a removed endpoint leaves no process, and its uid can be used again', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('removed')
  const socketDirectory = path.dirname(socketOf(await computes.wake(uid)))
  const late = computes.remove(uid)
  await late
  await expect(readdir(socketDirectory)).rejects.toThrow(/ENOENT/)
  workspace.specs.delete(uid)
  await expect(computes.wake(uid)).rejects.toMatchObject({ code: 'endpoint_unknown' })
})

test('a start of the workspace ends what a killed one left running; when it stops, nothing wakes any more', async () => {
  expectInLog(/the compute crashed/, /of an earlier run/)
  const uid = await workspace.newEndpoint('left-behind')
  await workspace.computes.wake(uid)
  // As after kill -9: new computes that know nothing of the old ones.
  const fresh = await workspace.startAnother()
  const { dataDirectory } = workspace.specs.get(uid)!
  expect(await stopLeftover(dataDirectory)).toBe(false)
  await fresh.wake(uid)
  await fresh[Symbol.asyncDispose]()
  expect(await readdir(path.dirname(dataDirectory))).toContain('postgres.log')
  expect(await stopLeftover(dataDirectory)).toBe(false)
  await expect(fresh.wake(uid)).rejects.toMatchObject({ code: 'workspace_stopping' })
})
