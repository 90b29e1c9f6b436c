// Many clients over few backends while backends are ended and killed, the compute is killed and put to sleep, queries are cancelled and clients
// go away in the middle: whoever gets an answer gets its own, and whatever was said to be committed is there.
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTo } from 'node:net'
import { encodeCancelRequest } from '@lakelet/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPoolSettings } from '../../src/gateway/pool/settings.ts'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { startTestWorkspace, type TestClient, type TestWorkspace } from './test-workspace.ts'

const CLIENTS = scaled(24, 60)
const DURATION_MS = scaled(4_000, 180_000)
const MOST_PAUSE_MS = 15

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace(['ep-one'], 0)
  await workspace.restartGateway({ pool: { ...defaultPoolSettings, size: 4 } })
  await workspace.sql(
    'ep-one',
    'create table public.ledger (client int, n int, primary key (client, n)); grant all on public.ledger to public',
  )
})
afterAll(() => workspace[Symbol.asyncDispose]())

/** What an app is told when its server, its query or its connection was taken away; anything else is a fault of the pool. */
const TAKEN_AWAY =
  /terminating connection|canceling statement|Connection terminated|ECONNRESET|EPIPE|not queryable|recovery mode|starting up|shutting down|closed the connection|in-flight/i

interface Actor {
  readonly at: number
  client: TestClient | undefined
  /** The setting that its session must have; undefined: none. */
  mine: string | undefined
  readonly committed: Set<number>
  readonly doubtful: Set<number>
  next: number
  answers: number
  refusals: number
}

const random = (below: number) => Math.floor(Math.random() * below)

async function read(actor: Actor, client: TestClient): Promise<void> {
  const value = random(1_000_000)
  const { rows } = await client.query(
    `select $1::int as value, ${actor.at} as at, coalesce(current_setting('app.mine', true), '') as mine`,
    [value],
  )
  expect(rows).toEqual([{ value, at: actor.at, mine: actor.mine ?? '' }])
}

/** All call it the same, and to each it means something else. */
async function prepared(actor: Actor, client: TestClient): Promise<void> {
  const value = random(1_000_000)
  const text = `select ${actor.at} as at, $1::int as value`
  const { rows } = await client.query({ name: 'shared', text, values: [value] })
  expect(rows).toEqual([{ at: actor.at, value }])
}

async function set(actor: Actor, client: TestClient): Promise<void> {
  const mine = `${actor.at}-${random(1000)}`
  await client.query(`set app.mine = '${mine}'`)
  actor.mine = mine
}

async function write(actor: Actor, client: TestClient): Promise<void> {
  const n = actor.next
  actor.next += 1
  const isKept = random(3) > 0
  await client.query('begin')
  await client.query('insert into public.ledger values ($1, $2)', [actor.at, n])
  const { rows } = await client.query('select count(*)::int as n from public.ledger where client = $1', [
    actor.at,
  ])
  const most = actor.committed.size + actor.doubtful.size + 1
  expect(rows[0].n).toBeGreaterThan(actor.committed.size)
  expect(rows[0].n).toBeLessThanOrEqual(most)
  if (!isKept) return void (await client.query('rollback'))
  actor.doubtful.add(n)
  const done = await client.query('commit')
  // COMMIT of a transaction that failed says ROLLBACK.
  if (done.command === 'COMMIT') actor.committed.add(n)
  actor.doubtful.delete(n)
}

async function big(actor: Actor, client: TestClient): Promise<void> {
  const { rows } = await client.query(`select repeat('${actor.at % 10}', 200000) as text`)
  expect(rows[0].text).toBe(String(actor.at % 10).repeat(200_000))
}

const ACTS = [read, read, prepared, prepared, set, write, write, big]

async function act(actor: Actor, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      actor.client ??= await workspace.connect({ endpoint: 'ep-one-pooler' })
      await ACTS[random(ACTS.length)]?.(actor, actor.client)
      actor.answers += 1
    } catch (error) {
      if (!(error instanceof Error) || !TAKEN_AWAY.test(error.message)) throw error
      actor.refusals += 1
      await actor.client?.end().catch(() => {})
      actor.client = undefined
      actor.mine = undefined
    }
    await sleep(random(MOST_PAUSE_MS))
  }
}

type Chaos = (actors: readonly Actor[]) => Promise<unknown>

const endBackend: Chaos = () =>
  workspace.sql(
    'ep-one',
    `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1`,
  )
const killBackend: Chaos = async () => {
  const rows = await workspace.sql(
    'ep-one',
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1`,
  )
  if (rows[0]) process.kill(Number(rows[0]['pid']), 'SIGKILL')
}
const killCompute: Chaos = async () => {
  const { cluster } = workspace.endpoint('ep-one')
  // It may be asleep; no process id must stand for one that is missing.
  if (cluster?.pid) process.kill(cluster.pid, 'SIGKILL')
}
const suspend: Chaos = async () => {
  await workspace.gateway.park('ep-one', 100)
  await workspace.sleep('ep-one', true)
}
const cancelOne: Chaos = async (actors) => {
  const client = actors[random(actors.length)]?.client
  if (!client?.secretKey) return
  const secret = Buffer.alloc(4)
  secret.writeInt32BE(client.secretKey)
  const { host, port } = workspace.gateway.address
  connectTo({ host, port })
    .on('error', () => {})
    .end(encodeCancelRequest(client.processID, secret))
}
const dropOne: Chaos = async (actors) => {
  const client = actors[random(actors.length)]?.client as
    | { connection?: { stream: { destroy(): void } } }
    | undefined
  client?.connection?.stream.destroy()
}
const CHAOS: readonly (readonly [Chaos, number])[] = [
  [cancelOne, 30],
  [dropOne, 12],
  [endBackend, 12],
  [suspend, 2],
  [killBackend, 1],
  [killCompute, 1],
]

async function chaos(actors: readonly Actor[], stop: AbortSignal): Promise<void> {
  const all = CHAOS.flatMap(([each, weight]) => Array.from({ length: weight }, () => each))
  // Each kind at least once, then as it comes.
  const first = CHAOS.map(([each]) => each)
  while (!stop.aborted) {
    const next = first.shift() ?? all[random(all.length)]
    // What it asks the server for may be refused by a server that is going away.
    await next?.(actors).catch(() => {})
    await sleep(random(scaled(250, 150)))
  }
}

test(
  'every answer is right, or an error',
  async () => {
    const actors = Array.from({ length: CLIENTS }, (_, at): Actor => ({
      at,
      client: undefined,
      mine: undefined,
      committed: new Set(),
      doubtful: new Set(),
      next: 0,
      answers: 0,
      refusals: 0,
    }))
    const stop = AbortSignal.timeout(DURATION_MS)
    await Promise.all([chaos(actors, stop), ...actors.map((actor) => act(actor, stop))])
    for (const { client } of actors) await client?.end().catch(() => {})
    const rows = await workspace.sql('ep-one', 'select client, n from public.ledger')
    for (const { at, committed, doubtful } of actors) {
      const there = new Set(rows.filter((row) => row['client'] === at).map((row) => Number(row['n'])))
      expect([...committed].filter((n) => !there.has(n))).toEqual([])
      expect([...there].filter((n) => !committed.has(n) && !doubtful.has(n))).toEqual([])
    }
    const answers = actors.reduce((sum, each) => sum + each.answers, 0)
    const refusals = actors.reduce((sum, each) => sum + each.refusals, 0)
    console.log(`${answers} answers, ${refusals} refusals, ${workspace.starts} starts of the compute`)
    for (const actor of actors) expect(actor.answers).toBeGreaterThan(0)
    expect(refusals).toBeGreaterThan(0)
  },
  DURATION_MS + 120_000,
)
