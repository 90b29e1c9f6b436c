// Everyday use of the drivers through the connector: whatever works with the bare driver works here.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Knex from 'knex'
import { Client, Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import oldPg from 'pg-oldest'
import QueryStream from 'pg-query-stream'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLakebasePool, getLakebaseOrmConfig, getLakebasePgConfig } from '../src/compat/index.ts'
import { knexConfig } from '../src/adapters/knex.ts'
import { lakebase as lakebaseSql } from '../src/adapters/postgres.ts'
import { sequelizeOptions } from '../src/adapters/sequelize.ts'
import { dataSourceOptions } from '../src/adapters/typeorm.ts'
import { createConnector } from '../src/index.ts'
import { createClient, createPool } from '../src/pg/index.ts'
import { createTestAuthority, startTestLakebase } from '../src/testing/index.ts'
import type { TestLakebase } from '../src/testing/index.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

const run = promisify(execFile)
let postgres: TestPostgres
let lakebase: TestLakebase

beforeAll(async () => {
  postgres = await startTestPostgres()
  lakebase = await startTestLakebase({ upstream: postgres, tokenPadding: 1200 })
})

afterAll(async () => {
  await lakebase?.stop()
  await postgres?.stop()
})

const valuesQuery = `select 1::int8 as int8, 1.50::numeric as n, '{1,2}'::int[] as a, '{"k": [1]}'::jsonb as j,
  'infinity'::float8 as f, true as b, '2026-01-02T03:04:05Z'::timestamptz as t, '\\x00ff'::bytea as y, null as z`

describe.each([
  ['newest', Pool],
  ['oldest', oldPg.Pool],
])('pg, %s supported', (_name, PgPool) => {
  const use = async (work: (pool: Pool, bare: Pool) => Promise<void>, config: PoolConfig = {}) => {
    await using connector = createConnector({ env: lakebase.env })
    const pool = new PgPool({ ...config, ...connector.getOptions() })
    const bare = new PgPool({
      host: postgres.host,
      port: postgres.port,
      user: 'postgres',
      database: 'postgres',
    })
    try {
      await work(pool, bare)
    } finally {
      await Promise.all([pool.end(), bare.end()])
    }
  }

  test('types come out as with the bare driver', () =>
    use(async (pool, bare) => {
      expect((await pool.query(valuesQuery)).rows).toEqual((await bare.query(valuesQuery)).rows)
    }))

  test('a transaction commits, and another rolls back', () =>
    use(async (pool) => {
      await pool.query('drop table if exists t; create table t (n int)')
      const client = await pool.connect()
      await client.query('begin')
      await client.query('insert into t values ($1)', [1])
      await client.query('commit')
      await client.query('begin')
      await client.query('insert into t values (2)')
      await client.query('rollback')
      client.release()
      expect((await pool.query('select n from t')).rows).toEqual([{ n: 1 }])
    }))

  test('errors are those of the server', () =>
    use(async (pool) => {
      await expect(pool.query('select 1/0')).rejects.toMatchObject({ code: '22012', severity: 'ERROR' })
      await expect(pool.query('select * from nowhere')).rejects.toMatchObject({ code: '42P01' })
    }))

  test('20 MB come in and 5 MB go out', () =>
    use(async (pool) => {
      const { rows } = await pool.query<{ t: string }>(
        "select repeat('x', 2000) as t from generate_series(1, 10000)",
      )
      expect(rows.reduce((sum, { t }) => sum + t.length, 0)).toBe(20_000_000)
      const long = 'y'.repeat(5_000_000)
      expect((await pool.query('select length($1::text) as n', [long])).rows).toEqual([{ n: 5_000_000 }])
    }))
})

describe('pg, with its companions', () => {
  test('LISTEN, cursor, query stream, COPY, pipeline, named statements', async () => {
    await using pool = createPool({ env: lakebase.env, max: 3 })
    const client = await pool.connect()
    const cursor = client.query(new Cursor<{ n: number }>('select n from generate_series(1, 1000) as n'))
    expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }])
    await cursor.close()
    let sum = 0
    for await (const row of client.query(new QueryStream('select n from generate_series(1, 1000) as n'))) {
      sum += (row as { n: number }).n
    }
    expect(sum).toBe(500_500)
    await client.query('create temp table c (n int)')
    await pipeline(['1\n2\n', '3\n'], client.query(copyFrom('copy c from stdin')))
    expect((await client.query('select sum(n)::int as s from c')).rows).toEqual([{ s: 6 }])
    const named = { name: 'one', text: 'select $1::int as n' }
    expect((await client.query({ ...named, values: [1] })).rows).toEqual([{ n: 1 }])
    expect((await client.query({ ...named, values: [2] })).rows).toEqual([{ n: 2 }])
    client.release()
    await using piped = createPool({ env: lakebase.env, max: 1, pipeline: true })
    const one = await piped.connect()
    const answers = await Promise.all(
      [1, 2, 3].map((n) => one.query<{ n: number }>('select $1::int as n', [n])),
    )
    expect(answers.map(({ rows }) => rows[0]?.n)).toEqual([1, 2, 3])
    one.release()
  })

  test('a native password goes to the server as the driver sends it, and no credential is asked for', async () => {
    await using pool = createPool({ env: lakebase.env, password: 'not a token' })
    const before = lakebase.controlPlane.credentialCalls
    await expect(pool.query('select 1')).rejects.toMatchObject({ code: '28P01' })
    expect(lakebase.controlPlane.credentialCalls).toBe(before)
  })

  test('a connection string is taken apart; what contradicts is refused', async () => {
    const { PGHOST, PGPORT, PGDATABASE, ...env } = lakebase.env
    const connectionString = `postgresql://postgres@${PGHOST}:${PGPORT}/${PGDATABASE}?sslmode=require&application_name=fromurl`
    await using pool = createPool({ env, connectionString })
    const { rows } = await pool.query<{ application_name: string }>('show application_name')
    expect(rows[0]?.application_name).toMatch(/^fromurl lakelet-connect\//)
    await refuses({ env: lakebase.env, ssl: { rejectUnauthorized: false } }, /certificate is always checked/)
    await refuses({ env: { ...lakebase.env, PGSSLMODE: 'disable' } }, /never|TLS only/)
    await refuses({ env: { ...lakebase.env, PGPORT: '5432;drop' } }, /PGPORT/)
  })

  test('every option of the pool is honoured', async () => {
    await using pool = createPool({
      env: lakebase.env,
      max: 1,
      statement_timeout: 50,
      query_timeout: 5000,
      options: '-c search_path=pg_catalog',
      onConnect: async (client: Client) => void (await client.query("set time zone 'Asia/Tokyo'")),
    } as unknown as PoolConfig)
    await expect(pool.query('select pg_sleep(2)')).rejects.toMatchObject({ code: '57014' })
    const { rows } = await pool.query(
      "select current_setting('search_path') as p, current_setting('timezone') as z",
    )
    expect(rows).toEqual([{ p: 'pg_catalog', z: 'Asia/Tokyo' }])
  })

  test('a database that does not exist', async () => {
    await using pool = createPool({ env: lakebase.env, database: 'nowhere' })
    await expect(pool.query('select 1')).rejects.toMatchObject({ code: '3D000', severity: 'FATAL' })
  })

  test('a single client', async () => {
    const client = createClient({ env: lakebase.env })
    await client.connect()
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    await client.end()
  })
})

describe('postgres.js', () => {
  test('transactions, cursors, COPY, LISTEN, cancel, errors', async () => {
    const sql = lakebaseSql({ env: lakebase.env, max: 3, onnotice: () => {} })
    await sql`drop table if exists pj`
    await sql`create table pj (n int)`
    await sql.begin(async (tx) => {
      await tx`insert into pj values (1)`
      await tx.savepoint((inner) => inner`insert into pj values (2)`)
    })
    const copy = await sql`copy pj (n) from stdin`.writable()
    await pipeline(['3\n', '4\n'], copy)
    expect(await sql`select array_agg(n order by n) as a from pj`).toEqual([{ a: [1, 2, 3, 4] }])
    const seen: number[] = []
    await sql<{ n: number }[]>`select n from generate_series(1, 25) as n`.cursor(
      10,
      (rows) => void seen.push(rows.length),
    )
    expect(seen).toEqual([10, 10, 5])
    const heard = new Promise<string>(
      (resolve) => void sql.listen('pj', resolve, () => void sql.notify('pj', 'hello')),
    )
    expect(await heard).toBe('hello')
    const slow = sql`select pg_sleep(20)`
    const failure = slow.then(
      () => undefined,
      (error: unknown) => error,
    )
    const watcher = lakebaseSql({ env: lakebase.env, max: 1 })
    await expect
      .poll(
        () =>
          watcher`select 1 from pg_stat_activity where query = 'select pg_sleep(20)' and state = 'active'`,
      )
      .toHaveLength(1)
    await watcher.end()
    slow.cancel()
    expect(await failure).toMatchObject({ code: '57014' })
    await expect(sql`select 1/0`).rejects.toMatchObject({ code: '22012' })
    await sql.end()
    await expect.poll(() => lakebase.proxy.openSockets).toBe(0)
  })

  test('credentials that cannot be had reject the query and nothing else', async () => {
    const env = { ...lakebase.env, DATABRICKS_TOKEN: 'wrong' }
    const sql = lakebaseSql({ env })
    await expect(sql`select 1`).rejects.toMatchObject({ code: 'WORKSPACE_LOGIN_FAILED' })
    await sql.end()
  })
})

describe('ORMs, when connections drop', () => {
  const drop = () => {
    for (const session of lakebase.proxy.sessions) session.drop('57P01')
  }

  test('knex goes on', async () => {
    await using connector = createConnector({ env: lakebase.env })
    const db = Knex(knexConfig({ connector }))
    await db.raw('select 1')
    drop()
    await expect
      .poll(async () => (await db.raw<{ rows: unknown[] }>('select 1 as n')).rows)
      .toEqual([{ n: 1 }])
    await db.destroy()
  })

  test('TypeORM goes on', async () => {
    const source = await new DataSource({ ...dataSourceOptions({ env: lakebase.env }) }).initialize()
    await source.query('select 1')
    drop()
    await expect.poll(() => source.query('select 1 as n')).toEqual([{ n: 1 }])
    await source.destroy()
  })

  test('Sequelize goes on', async () => {
    await using connector = createConnector({ env: lakebase.env })
    const sequelize = new Sequelize({ ...sequelizeOptions({ connector }), logging: false })
    await sequelize.query('select 1')
    drop()
    await expect.poll(async () => (await sequelize.query('select 1 as n'))[0]).toEqual([{ n: 1 }])
    await sequelize.close()
  })
})

describe('the compatible entry', () => {
  test('gives pools and options by the official names', async () => {
    const pool = createLakebasePool({ env: lakebase.env, telemetry: false, logger: { error: false }, max: 1 })
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    await pool.end()
    const own = new Pool(getLakebasePgConfig({ env: lakebase.env }))
    expect((await own.query('select 2 as n')).rows).toEqual([{ n: 2 }])
    await own.end()
    expect(getLakebaseOrmConfig({ env: lakebase.env }).username).toBe('postgres')
  })

  test('takes the client of an SDK', async () => {
    const { endpoint, ...seen } = { endpoint: lakebase.env['LAKEBASE_ENDPOINT'], path: '' }
    const workspaceClient = {
      apiClient: {
        async request(options: object) {
          Object.assign(seen, options)
          return {
            token: lakebase.tokens.issue('postgres', 60_000),
            expire_time: new Date(Date.now() + 60_000).toISOString(),
          }
        },
      },
    }
    const pool = createLakebasePool({
      env: lakebase.env,
      workspaceClient,
      claims: [{ permission_set: 'READ_ONLY', resources: [{ table_name: 'c.s.t' }] }],
    })
    await pool.query('select 1')
    await pool.end()
    expect(seen).toMatchObject({
      path: '/api/2.0/postgres/credentials',
      method: 'POST',
      payload: { endpoint, claims: [{ permission_set: 'READ_ONLY', resources: [{ table_name: 'c.s.t' }] }] },
    })
  })
})

test('straight at a Postgres with TLS, no proxy in between; refused logins leave no backend', async () => {
  const authority = createTestAuthority()
  const certificate = authority.issue({ names: ['127.0.0.1'] })
  await using server = await startTestPostgres(
    { max_connections: '30' },
    {
      certificate,
      hba: 'local all all trust\nhostssl all all 127.0.0.1/32 password',
    },
  )
  const token = lakebase.tokens.issue('app', 60_000, 1200)
  const admin = new Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' })
  await admin.connect()
  await admin.query(`create role app login password '${token}'`)
  const env = { PGHOST: '127.0.0.1', PGPORT: String(server.port), PGDATABASE: 'postgres', PGUSER: 'app' }
  const auth = async () => ({ token, ttlMs: 60_000 })
  await using pool = createPool({ env, auth, tls: { ca: authority.cert } })
  expect(
    (
      await pool.query(
        'select current_user as u, (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as s',
      )
    ).rows,
  ).toEqual([{ u: 'app', s: true }])
  await using refused = createPool({
    env,
    auth: async () => ({ token: `${token}x`, ttlMs: 60_000 }),
    tls: { ca: authority.cert },
    max: 20,
  })
  for (let round = 0; round < 5; round++) {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => refused.query('select 1')))
    expect(
      results.map((each) => each.status === 'rejected' && (each.reason as { code: string }).code),
    ).toEqual(Array(20).fill('28P01'))
  }
  const backends =
    "select count(*)::int as n from pg_stat_activity where usename = 'app' or usename is null and backend_type = 'client backend'"
  await expect.poll(async () => (await admin.query<{ n: number }>(backends)).rows[0]?.n).toBe(1)
  await admin.end()
})

test('SCRAM: the drivers answer it themselves, and the test servers log in with it', async () => {
  const authority = createTestAuthority()
  const certificate = authority.issue({ names: ['127.0.0.1'] })
  const hba = 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256'
  await using server = await startTestPostgres({}, { certificate, hba })
  const admin = new Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' })
  await admin.connect()
  await admin.query("create role app login password 'only the proxy knows'")
  await admin.end()
  const upstream = { host: '127.0.0.1', port: server.port, user: 'app', password: 'only the proxy knows' }
  const env = { PGHOST: '127.0.0.1', PGPORT: String(server.port), PGUSER: 'app', PGDATABASE: 'postgres' }
  const ssl = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
  await using encrypted = createPool({ env, password: upstream.password, tls: { ca: authority.cert } })
  expect((await encrypted.query(ssl)).rows).toEqual([{ ssl: true }])
  await using plain = createPool({ env, password: upstream.password, tls: { unsafePlaintext: true } })
  expect((await plain.query(ssl)).rows).toEqual([{ ssl: false }])
  await refuses({ env: { ...lakebase.env }, tls: { unsafePlaintext: true } }, /never sent without TLS/)
  const sql = lakebaseSql({ env, password: upstream.password, tls: { ca: authority.cert } })
  expect(await sql`select current_user as u`).toEqual([{ u: 'app' }])
  await sql.end()
  await using behind = await startTestLakebase({ upstream })
  await using pool = createPool({ env: behind.env })
  expect((await pool.query('select current_user as u')).rows).toEqual([{ u: 'app' }])
})

describe('the local proxy', () => {
  test('a port asks for its password, a socket does not; both reach the server', async () => {
    await using connector = createConnector({ env: lakebase.env })
    const onPort = await connector.listen({ port: 0 })
    const good = new Client({ connectionString: onPort.url })
    await good.connect()
    expect((await good.query('select current_user as u')).rows).toEqual([{ u: 'postgres' }])
    await good.end()
    const bad = new Client({
      host: onPort.host,
      port: onPort.port,
      user: 'postgres',
      database: 'postgres',
      password: 'guess',
    })
    await expect(bad.connect()).rejects.toMatchObject({ code: '28P01' })
    const onSocket = await connector.listen()
    const local = new Client({ host: onSocket.host, user: 'somebody', database: 'postgres' })
    await local.connect()
    expect((await local.query('select current_user as u')).rows).toEqual([{ u: 'postgres' }])
    await local.end()
  })

  test('exec runs a command with the door in its environment and ends with its exit code', async () => {
    const main = new URL('../src/cli/main.ts', import.meta.url).pathname
    const script = `
      const { Client } = require('pg'); const client = new Client({ connectionString: process.env.DATABASE_URL });
      client.connect().then(() => client.query('select 41 + 1 as n')).then(({ rows }) => { console.log(rows[0].n); return client.end() }).then(() => process.exit(7))`
    const command = run(
      process.execPath,
      ['--conditions=lakelet:source', main, 'exec', '--', process.execPath, '--eval', script],
      {
        env: { PATH: process.env['PATH'], ...lakebase.env },
      },
    )
    await expect(command).rejects.toMatchObject({ code: 7, stdout: '42\n' })
  })

  const psql = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, 'psql')))

  test.skipIf(!psql)('psql comes through it (skipped where psql is not installed)', async () => {
    const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
    const socket = await mkdtemp(path.join(tmpdir(), 'lc-'))
    try {
      for (const options of [[], ['--socket', socket]]) {
        const psqlArguments = ['-X', '-At', '-c', 'select current_user', '-c', 'select pg_sleep(0.1)']
        const { stdout } = await run(
          process.execPath,
          ['--conditions=lakelet:source', main, 'exec', ...options, '--', 'psql', ...psqlArguments],
          { env: { PATH: process.env['PATH'], ...lakebase.env } },
        )
        expect(stdout).toBe('postgres\n\n')
      }
    } finally {
      await rm(socket, { recursive: true, force: true })
    }
  })

  test('proxy prints its address and ends at SIGTERM', async () => {
    const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=lakelet:source', main, 'proxy', '--port', '0'], {
      env: { PATH: process.env['PATH'], ...lakebase.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const client = new Client({ connectionString: line.toString().trim() })
    await client.connect()
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    await client.end()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('what it cannot do is said', async () => {
    const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
    const start = (...args: string[]) =>
      run(process.execPath, ['--conditions=lakelet:source', main, ...args], {
        env: { PATH: process.env['PATH'] },
      })
    await expect(start('exec', '--', 'true')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('LAKEBASE_ENDPOINT') as string,
    })
    await expect(start('exec')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a command after --') as string,
    })
    await expect(start('fly')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'fly'") as string,
    })
    expect((await start('--help')).stdout).toContain('lakelet-connect exec [options] -- COMMAND')
  })
})

/** A pool is always made; its first query says what is wrong with the options. */
async function refuses(options: Parameters<typeof createPool>[0], message: RegExp): Promise<void> {
  await using pool = createPool(options)
  await expect(pool.query('select 1')).rejects.toThrow(message)
}
