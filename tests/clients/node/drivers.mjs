// The ordinary Postgres drivers of Node, each with a database credential as its password, over verified TLS.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { check, errorOf, runAll } from './checks.mjs'

const { PGHOST: host, PGUSER: user, PGDATABASE: database } = process.env
const port = Number(process.env.PGPORT)
const ca = readFileSync(process.env.CA_FILE, 'utf8')

async function credential() {
  const reply = await fetch(`${process.env.WORKSPACE}/api/2.0/postgres/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ endpoint: process.env.ENDPOINT }),
  })
  assert.equal(reply.status, 200)
  return (await reply.json()).token
}

/** For the startup packet: a session of its own, or a place in a pool. */
const options = process.env.OPTIONS || undefined
const pgOptions = { host, port, user, database, options, password: credential, ssl: { ca } }

async function withPg(overrides, use) {
  const client = new Client({ ...pgOptions, ...overrides })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function withPostgres(overrides, use) {
  const sql = postgres({
    host,
    port,
    user,
    database,
    pass: credential,
    ssl: { ca },
    max: 2,
    onnotice() {},
    ...(options ? { connection: { options } } : {}),
    ...overrides,
  })
  try {
    return await use(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

check('pg: types, parameters, prepared statements', () =>
  withPg({}, async (client) => {
    const at = new Date('2026-01-02T03:04:05.678Z')
    const query = {
      name: 'types',
      text: 'SELECT $1::int AS i, $2::timestamptz AS at, $3::jsonb AS doc, $4::bytea AS raw, $5::text[] AS list',
      values: [1, at, { a: 1 }, Buffer.from([0, 255]), ['x', null]],
    }
    for (let round = 0; round < 2; round++) {
      const { rows } = await client.query(query)
      assert.deepEqual(rows, [{ i: 1, at, doc: { a: 1 }, raw: Buffer.from([0, 255]), list: ['x', null] }])
    }
  }),
)

check('pg: a pool with a password function, twenty queries at once', async () => {
  const pool = new Pool({ ...pgOptions, max: 5 })
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) => pool.query('SELECT $1::int AS n', [n])),
  )
  assert.deepEqual(
    results.map(({ rows }) => rows[0].n),
    Array.from({ length: 20 }, (_, n) => n),
  )
  await pool.end()
})

check('pg: LISTEN and NOTIFY', () =>
  withPg({}, async (client) => {
    const heard = new Promise((resolve) => client.once('notification', resolve))
    await client.query('LISTEN pg_news')
    await withPg({}, (other) => other.query("SELECT pg_notify('pg_news', 'hello')"))
    assert.equal((await heard).payload, 'hello')
  }),
)

check('pg: a query is cancelled from another session', () =>
  withPg({}, async (client) => {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    const slow = errorOf(() => client.query('SELECT pg_sleep(60)'))
    await withPg({}, async (other) => {
      for (let cancelled = false; !cancelled; await sleep(50)) {
        const state = await other.query("SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [
          rows[0].pid,
        ])
        if (state.rowCount === 0) continue
        await other.query('SELECT pg_cancel_backend($1)', [rows[0].pid])
        cancelled = true
      }
    })
    assert.equal((await slow).code, '57014')
    assert.equal((await client.query('SELECT 1 AS one')).rows[0].one, 1)
  }),
)

check('pg: without TLS, or with a CA that it does not know, it does not connect', async () => {
  const insecure = await errorOf(() => withPg({ ssl: false }, () => {}))
  assert.match(insecure.message, /connection is insecure \(try using `sslmode=require`\)/)
  const untrusted = await errorOf(() => withPg({ ssl: true }, () => {}))
  assert.match(untrusted.code, /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
})

check('postgres.js: types, transactions, cursors', () =>
  withPostgres({}, async (sql) => {
    const at = new Date('2026-01-02T03:04:05.678Z')
    const [row] =
      await sql`SELECT ${1}::int AS i, ${at}::timestamptz AS at, ${sql.json({ a: 1 })}::jsonb AS doc`
    assert.deepEqual({ ...row }, { i: 1, at, doc: { a: 1 } })
    const sum = await sql.begin(async (inside) => {
      await inside`CREATE TEMPORARY TABLE numbers ON COMMIT DROP AS SELECT generate_series(1, 100) AS n`
      let total = 0
      await inside`SELECT n FROM numbers`.cursor(10, (rows) => {
        for (const { n } of rows) total += n
      })
      return total
    })
    assert.equal(sum, 5050)
  }),
)

check('postgres.js: COPY in both directions', () =>
  withPostgres({ max: 1 }, async (sql) => {
    await sql`CREATE TEMPORARY TABLE copied (n int, t text)`
    const lines = Array.from({ length: 1000 }, (_, n) => `${n}\trow ${n}\n`)
    await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable())
    let text = ''
    for await (const chunk of await sql`COPY copied TO STDOUT`.readable()) text += chunk
    assert.equal(text, lines.join(''))
  }),
)

check('postgres.js: a running query is cancelled, and the session goes on', () =>
  withPostgres({ max: 1 }, async (sql) => {
    await sql`SELECT 1`
    const query = sql`SELECT pg_sleep(60)`
    const failed = errorOf(() => query.execute())
    await sleep(500)
    query.cancel()
    assert.equal((await failed).code, '57014')
    assert.equal((await sql`SELECT 1 AS one`)[0].one, 1)
  }),
)

check('postgres.js: LISTEN and NOTIFY', () =>
  withPostgres({}, async (sql) => {
    let heard = () => {}
    const payload = new Promise((resolve) => (heard = resolve))
    await sql.listen('js_news', heard)
    await sql.notify('js_news', 'hello')
    assert.equal(await payload, 'hello')
  }),
)

await runAll()
