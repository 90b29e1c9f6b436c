// F18 to F21, F26, F33: connections that are up, and what happens to them.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { Client, Pool } from 'pg'
import type { PoolClient } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { createClient, createPool } from '../../src/pg/index.ts'
import { connectAtOnce, shown, timed, until, wait } from './measure.ts'
import type { Rig, Scenario } from './scenario.ts'

const drops = ['close', 'reset', '57P01'] as const

export const connectionScenarios: readonly Scenario[] = [
  {
    id: 'F18',
    fault: 'an idle connection is closed (FIN, RST, 57P01)',
    expected: 'removed quietly; the next query succeeds',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const pool = rig.subject.createPool(lakebase.env, { max: 2 })
      rig.defer(() => pool.end())
      for (const how of drops) {
        await pool.query('select 1')
        for (const session of lakebase.proxy.sessions) session.drop(how)
        await wait(50)
        await pool.query('select 1')
      }
      return 'FIN, RST, 57P01: the next query succeeded'
    },
  },
  {
    id: 'F19',
    fault: 'a connection drops while it is checked out',
    expected: 'the process lives, the query rejects, the client is discarded',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const pool = rig.subject.createPool(lakebase.env, { max: 1 })
      rig.defer(() => pool.end())
      for (const how of drops) {
        const client = await pool.connect()
        await client.query('select 1')
        for (const session of lakebase.proxy.sessions) session.drop(how)
        await wait(50)
        const { error } = await timed(() => client.query('select 1'))
        assert.ok(error, 'the query on a dropped connection did not fail')
        client.release()
        await pool.query('select 1')
      }
      return 'FIN, RST, 57P01: the query rejected, the next client worked'
    },
  },
  {
    id: 'F20',
    fault: 'a connection is half open: nothing comes back and nobody closes',
    expected: 'found at checkout and replaced within a bounded time; others are not affected',
    async run(rig) {
      const lakebase = await rig.start()
      const pool = createPool({
        ...rig.options(lakebase.env),
        max: 2,
        pingAfterIdleMs: 0,
        pingTimeoutMs: 500,
      })
      rig.defer(() => pool.end())
      const [first, second] = [await pool.connect(), await pool.connect()]
      first.release()
      await wait(20)
      // pg-pool hands out the one that came back last.
      for (const session of [...lakebase.proxy.sessions].slice(0, 1)) session.freeze()
      const other = await timed(() => second.query('select 1'))
      assert.equal(other.error, undefined)
      const { ms, error } = await timed(() => pool.query('select 1'))
      assert.equal(error, undefined)
      assert.ok(ms < 5000)
      second.release()
      return `replaced after ${shown(ms)} (ping limit 0.5 s)`
    },
  },
  {
    id: 'F21',
    fault: 'connections opened in a burst reach the longest life the server allows',
    expected: 'replaced before it, not all together, and never inside a transaction',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      lakebase.proxy.sessionLifetimeMs = 4000
      const pool = rig.subject.createPool(lakebase.env, {
        max: 8,
        maxLifetimeSeconds: 2,
        idleTimeoutMillis: 60_000,
      })
      rig.defer(() => pool.end())
      await connectAtOnce(pool, 8)
      const transaction = await pool.connect()
      await transaction.query('begin')
      let queries = 0
      const failures: unknown[] = []
      const worker = async () => {
        for (const end = performance.now() + 7000; performance.now() < end; await wait(10)) {
          const { error } = await timed(() => pool.query('select 1'))
          queries++
          if (error) failures.push(error)
        }
      }
      const inTransaction = wait(3000).then(() => transaction.query('commit'))
      await Promise.all([worker(), worker(), worker(), inTransaction])
      transaction.release()
      assert.deepEqual(failures, [])
      return `${queries} queries, none failed; a transaction over the limit was left alone`
    },
  },
  {
    id: 'F26',
    fault: 'cancel, COPY, LISTEN/NOTIFY, a large result, a slow reader',
    expected: 'the same as with the bare driver; back-pressure works',
    async run(rig) {
      const lakebase = await rig.start()
      const pool = createPool({ ...rig.options(lakebase.env), max: 4 })
      rig.defer(() => pool.end())
      const cancelled = await cancelsQuery(pool)
      await copies(pool)
      await listens(rig, lakebase.env)
      const { ms, bytes } = await readsLargeResult(rig, pool)
      return `cancelled after ${shown(cancelled)}; COPY both ways and LISTEN equal; ${Math.round(bytes / 1e6)} MB in ${shown(ms)}, same digest as the bare driver`
    },
  },
  {
    id: 'F33',
    fault: 'the link dies while a write is under way',
    expected: 'the write is never sent a second time',
    async run(rig) {
      const lakebase = await rig.start()
      const pool = createPool({ ...rig.options(lakebase.env), max: 1 })
      rig.defer(() => pool.end())
      await pool.query('create sequence f33_calls')
      rig.defer(() => direct(rig, 'drop sequence f33_calls'))
      for (const how of drops) {
        const write = timed(() => pool.query("select nextval('f33_calls'), pg_sleep(1)"))
        await until('the write is under way', async () => (await direct(rig, sleeping)).rows.length === 1)
        for (const session of lakebase.proxy.sessions) session.drop(how)
        const { error } = await write
        assert.ok(error, 'the caller was not told')
        await until('the server is done with it', async () => (await direct(rig, sleeping)).rows.length === 0)
      }
      const { rows } = await pool.query<{ last_value: string }>('select last_value from f33_calls')
      assert.equal(Number(rows[0]?.last_value), 3)
      return '3 writes cut off, 3 executed, 3 errors told'
    },
  },
]

const sleeping = `select 1 from pg_stat_activity where state = 'active' and query like '%f33_calls%pg_sleep%' and pid <> pg_backend_pid()`

async function direct(rig: Rig, text: string): Promise<{ rows: unknown[] }> {
  const client = new Client({
    host: rig.postgres,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
  })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

/** As pg's own users do it: a second connection that carries nothing but the CancelRequest. */
async function cancelsQuery(pool: Pool): Promise<number> {
  const client = (await pool.connect()) as PoolClient & { processID: number; secretKey: number }
  const running = timed(() => client.query('select pg_sleep(30)'))
  await wait(100)
  const canceller = new Client({ ...pool.options }) as unknown as { connection: CancelConnection }
  const { ms, value } = await timed(() => {
    canceller.connection.on('connect', () => canceller.connection.cancel(client.processID, client.secretKey))
    canceller.connection.connect(1, 'the connector knows')
    return running
  })
  assert.equal(value?.error?.code, '57014')
  client.release()
  return ms
}

interface CancelConnection {
  connect(port: number, host: string): void
  on(event: 'connect', listener: () => void): void
  cancel(processId: number, secretKey: number): void
}

async function copies(pool: Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('create temp table f26 (n int, t text)')
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\t${'x'.repeat(100)}\n`)
    await pipeline(lines, client.query(copyFrom('copy f26 from stdin')))
    const hash = createHash('sha256')
    await pipeline(client.query(copyTo('copy (select * from f26 order by n) to stdout')), hash)
    assert.equal(hash.digest('hex'), createHash('sha256').update(lines.join('')).digest('hex'))
  } finally {
    client.release()
  }
}

async function listens(rig: Rig, env: Readonly<Record<string, string>>): Promise<void> {
  const client = createClient({ ...rig.options(env) })
  await client.connect()
  const heard: string[] = []
  client.on('notification', ({ payload }) => heard.push(payload ?? ''))
  await client.query('listen f26')
  await direct(rig, "select pg_notify('f26', 'hello')")
  await until('the notification arrives', () => heard.length === 1)
  assert.deepEqual(heard, ['hello'])
  await client.end()
}

async function readsLargeResult(rig: Rig, pool: Pool): Promise<{ ms: number; bytes: number }> {
  const text = 'select n, repeat(md5(n::text), 32) as t from generate_series(1, 100000) as n'
  const digest = async (query: (text: string) => Promise<{ rows: unknown[] }>) => {
    const { rows } = await query(text)
    const hash = createHash('sha256')
    let bytes = 0
    for (const row of rows as { n: number; t: string }[]) {
      bytes += row.t.length
      hash.update(row.t)
    }
    return { digest: hash.digest('hex'), bytes }
  }
  const ours = await timed(() => digest((sql) => pool.query(sql)))
  const bare = await digest((sql) => direct(rig, sql))
  assert.deepEqual(ours.value, bare)
  // A reader that takes its time: rows wait in the server, not in this process.
  const client = await pool.connect()
  try {
    const before = process.memoryUsage().rss
    const source = client.query(copyTo(`copy (${text}) to stdout`))
    await wait(1000)
    assert.ok(process.memoryUsage().rss - before < 60e6, 'unread data piled up')
    for await (const chunk of source) void chunk
  } finally {
    client.release()
  }
  return { ms: ours.ms, bytes: bare.bytes }
}
