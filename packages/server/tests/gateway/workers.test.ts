// What only a gateway in threads has: connections in several of them, and threads that die.
import diagnostics from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'
import { encodeCancelRequest } from '@lakelet/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  dial,
  eventually,
  startTestWorkspace,
  type TestClient,
  type TestWorkspace,
} from './test-workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

const WORKERS = 2
const workers: Worker[] = []
const onWorker = (message: unknown) => {
  const { worker } = message as { worker: Worker }
  workers.push(worker)
}

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace(['ep-one'], WORKERS)
})
afterAll(() => workspace[Symbol.asyncDispose]())
afterEach(() => diagnostics.unsubscribe('worker_threads', onWorker))

/** The threads of a gateway that is started meanwhile. */
async function startWatched(limits = {}) {
  workers.length = 0
  diagnostics.subscribe('worker_threads', onWorker)
  return workspace.startGateway(limits)
}

/** Many enough that none of the threads is left out. */
async function connectMany(port: number): Promise<TestClient[]> {
  const password = await workspace.token('ada@example.com')
  return Promise.all(Array.from({ length: 24 }, () => workspace.connect({ port, password })))
}

async function endAll(clients: readonly TestClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
}

describe.skipIf(process.platform !== 'linux')('threads (need Linux, whose threads can share a port)', () => {
  test('share one port, and the system deals connections out among them', async () => {
    await using gateway = await startWatched()
    const clients = await connectMany(gateway.address.port)
    expect(await gateway.sessions()).toHaveLength(clients.length)
    const threads = new Set(
      workspace.log.lines.filter(({ msg }) => msg === 'session opened').map(({ thread }) => thread),
    )
    expect(threads.size).toBe(WORKERS)
    await endAll(clients)
  })

  test('a cancel request reaches its session from whichever thread takes it', async () => {
    await using gateway = await startWatched()
    const { port } = gateway.address
    const clients = await connectMany(port)
    const failures = clients.map((client) =>
      client.query('select pg_sleep(60)').catch((error: unknown) => error),
    )
    // Postgres drops a cancel request that comes before the query has begun.
    const running = `select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
    await eventually(
      async () => (await workspace.sql('ep-one', running)).length === clients.length,
      'all queries run',
    )
    for (const client of clients) {
      using cancel = await dial(port)
      const { processID, secretKey } = client
      const secret = Buffer.alloc(4)
      secret.writeInt32BE(secretKey)
      cancel.write(encodeCancelRequest(processID, secret))
      await cancel.closed()
    }
    for (const failure of failures) expect(await failure).toMatchObject({ code: '57014' })
    await endAll(clients)
  })

  test('one that dies takes its sessions with it and no others, is told to the log and started again', async () => {
    expectInLog(/a thread of the gateway died/)
    await using gateway = await startWatched({ maxConnections: 25 })
    const { port } = gateway.address
    const clients = await connectMany(port)
    const [victim] = workers
    if (!victim) throw new Error('no thread was seen')
    await victim.terminate()
    const ended = () => clients.filter((client) => client.errors.length > 0)
    await eventually(async () => {
      const left = await gateway.sessions()
      return left.length < clients.length && ended().length === clients.length - left.length
    }, 'its sessions end')
    const left = clients.filter((client) => client.errors.length === 0)
    expect(left.length).toBeGreaterThan(0)
    for (const client of left) expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    // Nothing holds the endpoint awake or takes a place for a session that is gone.
    expect(workspace.sessions.size).toBe(left.length)
    await eventually(() => workers.length === WORKERS + 1, 'a new one is started')
    expect(workspace.log.lines.some(({ msg }) => String(msg).includes('thread of the gateway died'))).toBe(
      true,
    )
    await endAll(left)
    const again = await connectMany(port)
    expect(await gateway.sessions()).toHaveLength(again.length)
    await endAll(again)
  })
})
