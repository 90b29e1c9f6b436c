// @databricks/lakebase as an app uses it: everything from the environment, as a service principal unless said otherwise.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createLakebasePool,
  generateDatabaseCredential,
  getUsernameWithApiLookup,
} from '@databricks/lakebase'
import { WorkspaceClient } from '@databricks/sdk-experimental'
import { check, errorOf, runAll } from './checks.mjs'

const ttlMs = Number(process.env.CREDENTIAL_TTL_MS)
const endpoint = process.env.LAKEBASE_ENDPOINT
const owner = new WorkspaceClient({
  host: process.env.DATABRICKS_HOST,
  token: process.env.OWNER_TOKEN,
  authType: 'pat',
})

async function withPool(options, use) {
  const pool = createLakebasePool(options)
  pool.on('error', () => {})
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

check('a pool from the environment logs in as the service principal, over verified TLS', () =>
  withPool({}, async (pool) => {
    const { rows } = await pool.query(
      'SELECT current_user, current_database(), (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS backend',
    )
    assert.equal(rows[0].current_user, process.env.DATABRICKS_CLIENT_ID)
    assert.equal(rows[0].current_database, process.env.PGDATABASE)
    const client = await pool.connect()
    assert.equal(client.connection.stream.encrypted, true)
    assert.equal(client.connection.stream.authorized, true)
    client.release()
  }),
)

check('a pool of a person asks the workspace for the name of its user', async () => {
  const { DATABRICKS_CLIENT_ID: saved } = process.env
  delete process.env.DATABRICKS_CLIENT_ID
  try {
    const user = await getUsernameWithApiLookup({ workspaceClient: owner })
    assert.equal(user, process.env.OWNER)
    await withPool({ workspaceClient: owner, user }, async (pool) => {
      const { rows } = await pool.query('SELECT session_user')
      assert.equal(rows[0].session_user, process.env.OWNER)
    })
  } finally {
    process.env.DATABRICKS_CLIENT_ID = saved
  }
})

check('parameters, types, transactions and prepared statements', () =>
  withPool({ workspaceClient: owner, user: process.env.OWNER }, async (pool) => {
    await pool.query(
      'CREATE TABLE IF NOT EXISTS js_types (id int PRIMARY KEY, at timestamptz, doc jsonb, raw bytea)',
    )
    const at = new Date('2026-01-02T03:04:05.678Z')
    const raw = Buffer.from([0, 1, 255])
    await pool.query('INSERT INTO js_types VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING', [
      1,
      at,
      { a: [1] },
      raw,
    ])
    const query = { name: 'by-id', text: 'SELECT * FROM js_types WHERE id = $1', values: [1] }
    for (let round = 0; round < 2; round++) {
      const { rows } = await pool.query(query)
      assert.deepEqual(rows, [{ id: 1, at, doc: { a: [1] }, raw }])
    }
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('DELETE FROM js_types')
    await client.query('ROLLBACK')
    client.release()
    const { rowCount } = await pool.query('SELECT FROM js_types')
    assert.equal(rowCount, 1)
  }),
)

check('errors of Postgres keep their SQLSTATE and fields', () =>
  withPool({}, async (pool) => {
    const error = await errorOf(() => pool.query('SELECT * FROM no_such_table'))
    assert.equal(error.code, '42P01')
    assert.match(error.message, /relation "no_such_table" does not exist/)
    assert.equal(error.position, '15')
    assert.equal(error.severity, 'ERROR')
  }),
)

check('credentials end, and connections made later ask for new ones', () =>
  withPool({ max: 2, idleTimeoutMillis: 1 }, async (pool) => {
    const held = await pool.connect()
    await held.query('SELECT 1')
    for (let round = 0; round < 3; round++) {
      await sleep(ttlMs * 0.6)
      const { rows } = await pool.query('SELECT $1::int AS round', [round])
      assert.deepEqual(rows, [{ round }])
    }
    // A session outlives the credential that it was opened with.
    const { rows } = await held.query('SELECT 2 AS two')
    assert.deepEqual(rows, [{ two: 2 }])
    held.release()
  }),
)

check('twenty connections at once share the endpoint', () =>
  withPool({ max: 20 }, async (pool) => {
    const rows = await Promise.all(
      Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int AS n', [n])),
    )
    assert.deepEqual(
      rows.map((result) => result.rows[0].n),
      Array.from({ length: 40 }, (_, n) => n),
    )
  }),
)

check('sslmode prefer connects without a verified certificate, disable is refused', async () => {
  await withPool({ sslMode: 'prefer' }, async (pool) => {
    assert.equal((await pool.query('SELECT 1 AS one')).rows[0].one, 1)
  })
  await withPool({ sslMode: 'disable' }, async (pool) => {
    const error = await errorOf(() => pool.query('SELECT 1'))
    assert.match(error.message, /connection is insecure \(try using `sslmode=require`\)/)
  })
})

check('generateDatabaseCredential gives a token and a time that Date understands', async () => {
  const { token, expire_time: expireTime } = await generateDatabaseCredential(owner, { endpoint })
  assert.equal(token.split('.').length, 3)
  const left = new Date(expireTime).getTime() - Date.now()
  assert.ok(left > 0 && left <= ttlMs + 1000, `${expireTime} is not within ${ttlMs} ms`)
})

check('a missing endpoint is an ApiError with the code of the service', async () => {
  const error = await errorOf(() =>
    generateDatabaseCredential(owner, { endpoint: 'projects/none/branches/production/endpoints/primary' }),
  )
  assert.equal(error.constructor.name, 'ApiError')
  assert.equal(error.statusCode, 404)
  assert.equal(error.errorCode, 'NOT_FOUND')
  assert.match(error.message, /endpoint id not found/)
})

check('a service principal without a role in the database is refused at the login', () =>
  withPool({ endpoint: 'projects/private/branches/production/endpoints/primary' }, async (pool) => {
    const error = await errorOf(() => pool.query('SELECT 1'))
    assert.equal(error.code, '28P01')
    assert.match(error.message, /password authentication failed for user/)
  }),
)

await runAll()
