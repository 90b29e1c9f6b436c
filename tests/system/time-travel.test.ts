// Reading the past: a connection that names a moment sees the branch as it was then, can change nothing, and leaves nothing behind.
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { branchRoutes, credentialRoutes, endpointRoutes, restoreRoutes } from '@lakelet/api'
import { Client, type ClientConfig } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TEST_MAJOR } from '../../packages/server/tests/postgres/installed.ts'
import { createPool } from '../../packages/connect/src/pg/index.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const PROJECT = 'shop'
const ENDPOINT = `projects/${PROJECT}/branches/production/endpoints/primary`
const production = { project: PROJECT, branch: 'production' }

let workspace: TestWorkspace
/** With tea in it, before coffee came and tea went, and before the role `later` was another one. */
let then: string
let thenLsn: string

beforeAll(async () => {
  workspace = await startTestWorkspace({
    majors: [TEST_MAJOR],
    env: {
      LAKELET_TIME_TRAVEL_MAX_MOMENTS: '3',
      LAKELET_TIME_TRAVEL_IDLE_SECONDS: '1',
      LAKELET_CREDENTIALS_MIN_TTL_SECONDS: '1',
    },
  })
  const spec = { enable_pg_native_login: true, pg_version: TEST_MAJOR }
  await workspace.cli(['postgres', 'create-project', PROJECT, '--json', JSON.stringify({ spec })])
  await using now = await connect()
  await now.query(
    `CREATE TABLE goods (name text); INSERT INTO goods VALUES ('tea');
     CREATE ROLE reader LOGIN PASSWORD 'correct horse battery staple'; GRANT SELECT ON goods TO reader;
     CREATE ROLE later LOGIN PASSWORD 'first of that name'; GRANT SELECT ON goods TO later;
     CREATE ROLE gone LOGIN PASSWORD 'a secret of the past'`,
  )
  const { rows } = await now.query<{ at: string; lsn: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, pg_current_wal_lsn() AS lsn`,
  )
  // As it is written everywhere: without zeros at its end.
  then = (rows[0]?.at ?? '').replace(/0{1,3}Z$/, 'Z')
  thenLsn = rows[0]?.lsn ?? ''
  await now.query(
    `DELETE FROM goods; INSERT INTO goods VALUES ('coffee'); REVOKE ALL ON goods FROM later; DROP ROLE later;
     CREATE ROLE later LOGIN PASSWORD 'second of that name'; DROP ROLE gone; CREATE ROLE young LOGIN PASSWORD 'born yesterday'`,
  )
})
afterAll(() => workspace[Symbol.asyncDispose]())

/** As the owner, unless it says otherwise. */
async function connect(options = '', login?: { readonly user: string; readonly password: string }) {
  const body = { endpoint: ENDPOINT }
  const token = login ? '' : (await workspace.client.call(credentialRoutes.generate, { body })).token
  const config: ClientConfig = {
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    options: `endpoint=${ENDPOINT} ${options}`,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
    ...login,
  }
  const client = new Client(config)
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  return Object.assign(client, { ended, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) })
}

async function goodsOf(options: string, login?: { readonly user: string; readonly password: string }) {
  await using client = await connect(options, login)
  return (await client.query<{ name: string }>('SELECT name FROM goods')).rows.map(({ name }) => name)
}

const openMoments = async () =>
  (await workspace.client.call(restoreRoutes.getHistory, { params: production })).open_moments

/** What is kept for moments of the past. */
const leftovers = () =>
  readdirSync(path.join(workspace.dataDir, 'branches')).filter((name) => name.startsWith('.'))

it('reads the past by time and by position, and the present beside it', async () => {
  expect(await goodsOf(`timestamp=${then}`)).toEqual(['tea'])
  expect(await goodsOf(`lsn=${thenLsn}`)).toEqual(['tea'])
  expect(await goodsOf('')).toEqual(['coffee'])
})

it('shares one branch among all who ask for the same moment; it is in no list, and goes when nobody uses it', async () => {
  {
    const zoned = then.replace('Z', '+00:00')
    const readers = await Promise.all(
      [`timestamp=${then}`, `timestamp=${zoned}`].map((each) => connect(each)),
    )
    // Who is in a transaction is not idle.
    await Promise.all(readers.map((each) => each.query('BEGIN')))
    expect(await openMoments()).toContainEqual({
      time: then,
      open_time: expect.any(String),
      state: 'OPEN',
      session_count: 2,
    })
    expect(await workspace.cli(['branch', 'history', 'production'])).toContain(`open ${then}  (2 sessions`)
    const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
      params: { project: PROJECT },
    })
    expect(branches).toHaveLength(1)
    await Promise.all(readers.map((each) => each.end()))
  }
  await expect.poll(openMoments, { timeout: 60_000 }).toEqual([])
  await expect.poll(leftovers, { timeout: 60_000 }).toEqual([])
})

it("refuses every write with Postgres' own error and says what to do", async () => {
  await using past = await connect(`timestamp=${then}`)
  await expect(past.query(`INSERT INTO goods VALUES ('cocoa')`)).rejects.toMatchObject({
    code: '25006',
    message: 'cannot execute INSERT in a read-only transaction',
    hint: expect.stringContaining('lakelet branch restore'),
  })
  await expect(past.query('SET default_transaction_read_only = off; DROP TABLE goods')).rejects.toMatchObject(
    {
      code: '25006',
    },
  )
  await expect(past.query('BEGIN READ WRITE')).rejects.toMatchObject({ code: '0A000' })
  await expect(past.query('SELECT no_such_column FROM goods')).rejects.toMatchObject({ code: '42703' })
  expect((await past.query('SELECT name FROM goods')).rows).toEqual([{ name: 'tea' }])
})

it('says what is wrong with a moment that cannot be read', async () => {
  const history = await workspace.client.call(restoreRoutes.getHistory, { params: production })
  const future = new Date(Date.now() + 60_000).toISOString()
  const hint = expect.any(String)
  const window = { detail: expect.stringContaining('The history goes from'), hint }
  for (const [options, code, words] of [
    ['timestamp=yesterday', '22007', { hint }],
    ['timestamp=2026-02-30T00:00:00Z', '22007', { hint }],
    ['timestamp=2026-01-31T12:00', '22007', { hint }],
    ['lsn=0', '22P02', { hint }],
    ['timestamp=1999-12-31T23:59:59Z', '22023', window],
    [`timestamp=${future}`, '22023', window],
    ['lsn=FF/0', '22023', window],
    [`timestamp=${then} lsn=${thenLsn}`, '08P01', {}],
  ] as const)
    await expect(connect(options)).rejects.toMatchObject({ code, ...words })
  const { earliest_restore_time: from } = history
  await expect(connect('timestamp=1999-12-31T23:59:59Z')).rejects.toMatchObject({
    detail: expect.stringContaining(`from ${from} to`),
  })
})

it('lets in whom the roles of today let in, as the same role then', async () => {
  const past = `timestamp=${then}`
  expect(await goodsOf(past, { user: 'reader', password: 'correct horse battery staple' })).toEqual(['tea'])
  const before = (await openMoments()).length
  for (const [user, password, code] of [
    ['reader', 'wrong', '28P01'],
    ['gone', 'a secret of the past', '28P01'],
    ['later', 'first of that name', '28P01'],
    // Its name was another's then, and so is what that one could read.
    ['later', 'second of that name', '28000'],
    ['young', 'born yesterday', '28000'],
  ] as const)
    await expect(connect(past, { user, password })).rejects.toMatchObject({ code })
  const elsewhere = `timestamp=${new Date(Date.parse(then) - 1).toISOString()}`
  await expect(connect(elsewhere, { user: 'gone', password: 'a secret of the past' })).rejects.toMatchObject({
    code: '28P01',
  })
  // Nobody who is not let in has anything made.
  expect(await openMoments()).toHaveLength(before)
})

it('is what a pool of the connector reads that is given a moment', async () => {
  const ca = await readFile(workspace.caFile, 'utf8')
  const read = async (moment: { timestamp?: string; lsn?: string }, text = 'SELECT name FROM goods') => {
    await using pool = createPool({
      ...workspace.postgres,
      ...moment,
      endpoint: ENDPOINT,
      user: workspace.user,
      tls: { ca },
      auth: async () => {
        const { token, expire_time } = await workspace.client.call(credentialRoutes.generate, {
          body: { endpoint: ENDPOINT },
        })
        return { token, expiresAt: expire_time }
      },
    })
    return (await pool.query<{ name: string }>(text)).rows.map(({ name }) => name)
  }
  expect(await read({ timestamp: then })).toEqual(['tea'])
  expect(await read({ lsn: thenLsn })).toEqual(['tea'])
  expect(await read({})).toEqual(['coffee'])
  await expect(read({ timestamp: then }, 'DELETE FROM goods')).rejects.toMatchObject({ code: '25006' })
})

it('is what the command line reads with @', async (context) => {
  const ask = 'SELECT name FROM goods'
  expect(await workspace.cli(['sql', '--target', `production@${then}`, ask])).toContain('tea')
  const wrong = await workspace.lakelet(['psql', 'production@noon'])
  expect(wrong.stderr).toContain("'noon' is not a moment")
  if (!existsSync('/usr/bin/psql')) context.skip('there is no psql on this machine')
  expect(await workspace.cli(['psql', `production@${thenLsn}`, '--', '-Atc', ask])).toBe('tea\n')
})

it('compares what the schema was with what it is', async () => {
  await using now = await connect()
  await now.query('ALTER TABLE goods ADD COLUMN price int')
  const diff = (from: string, to: string, ...more: string[]) =>
    workspace.lakelet(['branch', 'diff', from, to, '--project', PROJECT, ...more])
  const changed = await diff(`production@${then}`, 'production', '--exit-code')
  expect(changed).toMatchObject({ code: 1, stdout: expect.stringContaining('+ column public.goods.price') })
  const back = await diff('production', `production@${thenLsn}`, '--sql')
  expect(back.stdout).toContain('DROP COLUMN "price"')
  const same = await diff(`production@${then}`, `production@${then}`, '--exit-code')
  expect(same).toMatchObject({ code: 0, stdout: 'The schemas are alike.\n' })
  expect((await diff('production@1999-12-31T00:00Z', 'production')).stderr).toContain(
    'outside of the history',
  )
})

it('opens no more moments than it may', async () => {
  const before = (ms: number) => `timestamp=${new Date(Date.parse(then) - ms).toISOString()}`
  const opened = await Promise.allSettled([1, 2, 3, 4].map((ms) => connect(before(ms))))
  const refused = opened.filter((each) => each.status === 'rejected').map(({ reason }) => reason)
  expect(refused).toContainEqual(expect.objectContaining({ code: '53300', hint: expect.any(String) }))
  for (const each of opened) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]()
})

it('ends the sessions of a branch that becomes another one, and leaves nothing over a kill', async () => {
  expectInLog(/stopped a Postgres of an earlier run/)
  await expect.poll(async () => (await openMoments()).length, { timeout: 60_000 }).toBeLessThan(3)
  const past = await connect(`timestamp=${then}`)
  await past.query('BEGIN')
  await workspace.cli(['branch', 'restore', 'production', '--time', then, '--in-place', '--to', 'before'])
  expect(await past.ended).toMatchObject({ code: '57P01' })
  await past.end().catch(() => undefined)
  await using _again = await connect(`timestamp=${then}`)
  expect(leftovers().length).toBeGreaterThan(0)
  await workspace.stop('SIGKILL')
  await using next = await startTestWorkspace({ directory: workspace.directory })
  expect(leftovers()).toEqual([])
  const params = { ...production, endpoint: 'primary' }
  expect((await next.client.call(endpointRoutes.getEndpoint, { params })).name).toBe(ENDPOINT)
})
