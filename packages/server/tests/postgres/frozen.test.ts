// Servers and backends that are stopped by a signal, killed or busy: everything that waits for them ends.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAdmin, stopLeftover } from '../../src/postgres/index.ts'
import { isFrozen, processesIn } from '../../src/postgres/server-processes.ts'
import { SESSION_ENDED, type TestInstallation, connectAs, installForTest, waitUntil } from './installed.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

const isLinux = process.platform === 'linux'

let postgres: TestInstallation

beforeAll(async () => {
  postgres = await installForTest()
})
afterAll(() => postgres[Symbol.asyncDispose]())

test.runIf(isLinux)('a frozen server answers no query, and ends when it is stopped', async () => {
  const cluster = await postgres.start(await postgres.newDataDirectory('frozen'))
  await using admin = await connectAdmin(cluster.address, { statementMs: 300 })
  const pids = await processesIn(cluster.dataDirectory)
  expect(pids.length).toBeGreaterThan(4)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  await expect(admin.query('SELECT 1')).rejects.toMatchObject({ code: 'compute_unreachable' })
  await expect(admin.query('SELECT 1')).rejects.toThrow(SESSION_ENDED)
  await expect(connectAdmin(cluster.address, { connectMs: 300 })).rejects.toMatchObject({
    code: 'compute_unreachable',
  })
  const began = performance.now()
  await cluster.stop()
  expect(performance.now() - began).toBeLessThan(25_000)
  expect(await processesIn(cluster.dataDirectory)).toEqual([])
})

test.runIf(isLinux)('a frozen backend does not hold up the stop of its server', async () => {
  expectInLog(/Postgres did not stop in time/)
  const dataDirectory = await postgres.newDataDirectory('frozen-backend')
  const cluster = await postgres.start(dataDirectory)
  await using session = await connectAs(cluster.address, 'cloud_admin')
  const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  process.kill(row!.pid, 'SIGSTOP')
  const began = performance.now()
  await cluster.stop()
  expect(performance.now() - began).toBeLessThan(25_000)
  expect(await processesIn(dataDirectory)).toEqual([])
  await using again = await postgres.start(dataDirectory)
  expect(again.isOver).toBe(false)
})

const BUSY = 'DO $$ BEGIN LOOP END LOOP; END $$'

test.runIf(isLinux)(
  'a killed postmaster is noticed at once though a backend is busy, which is ended too',
  async () => {
    const dataDirectory = await postgres.newDataDirectory('busy')
    const cluster = await postgres.start(dataDirectory)
    await using session = await connectAs(cluster.address, 'cloud_admin')
    const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const busy = session.query(BUSY).catch(() => undefined)
    process.kill(cluster.pid!, 'SIGKILL')
    const began = performance.now()
    expect(await cluster.exited).toMatchObject({ signal: 'SIGKILL', expected: false })
    expect(performance.now() - began).toBeLessThan(15_000)
    await waitUntil(async () => !(await processesIn(dataDirectory)).includes(row!.pid))
    await busy
    await using again = await postgres.start(dataDirectory)
    expect(again.isOver).toBe(false)
  },
)

test.runIf(isLinux)('a frozen server of an earlier run is ended too, with its backends', async () => {
  const dataDirectory = await postgres.newDataDirectory('frozen-leftover')
  const cluster = await postgres.start(dataDirectory)
  const pids = await processesIn(dataDirectory)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  // On a busy machine a process takes the signal when it next runs.
  await waitUntil(async () => (await Promise.all(pids.map(isFrozen))).every(Boolean))
  const began = performance.now()
  expect(await stopLeftover(dataDirectory)).toBe(true)
  expect(performance.now() - began).toBeLessThan(25_000)
  expect(await processesIn(dataDirectory)).toEqual([])
  await cluster.exited
})
