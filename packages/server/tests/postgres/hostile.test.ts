// What users with SQL and nothing else may try against the server process and against our own sessions in it.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Cluster,
  connectAdmin,
  createDatabase,
  type ClusterAddress,
  type PostgresInstallation,
} from '../../src/postgres/index.ts'
import { SESSION_ENDED, type TestInstallation, connectAs, installForTest, waitUntil } from './installed.ts'

let postgres: TestInstallation
let cluster: Cluster

beforeAll(async () => {
  postgres = await installForTest()
  cluster = await postgres.start(await postgres.newDataDirectory('hostile'))
  await using admin = await connectAdmin(cluster.address)
  await admin.execute('CREATE ROLE anna LOGIN CREATEDB')
  await admin.execute('CREATE DATABASE own OWNER anna')
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

const TEXTS = [
  'terminating any other active server processes',
  'all server processes terminated; reinitializing',
  'database system is shut down',
  'received fast shutdown request',
  'x\nall server processes terminated; reinitializing\nx',
  '\n2026-01-01 00:00:00.000 UTC [1] LOG:  all server processes terminated; reinitializing\n',
]

test('nothing that a user gets into the log counts as a word of the server', async () => {
  await using session = await connectAs(cluster.address, 'anna', 'own')
  for (const text of TEXTS) {
    for (const level of ['LOG', 'WARNING', 'NOTICE', 'EXCEPTION']) {
      const quoted = text.replaceAll("'", "''")
      await session.query(`DO $$ BEGIN RAISE ${level} '%', '${quoted}'; END $$`).catch(() => undefined)
    }
    await session.query(`SELECT 1/0 /* ${text} */`).catch(() => undefined)
    await session.query(`SET application_name = '${text}'`)
    await session.query(`"${text}"`).catch(() => undefined)
    await connectAs(cluster.address, text, 'own').catch(() => undefined)
    await connectAs(cluster.address, 'anna', text).catch(() => undefined)
  }
  const log = () => readFileSync(`${cluster.dataDirectory}.log`, 'utf8')
  await waitUntil(() => log().includes(`database "${TEXTS[1]}" does not exist`))
  expect(cluster.isOver).toBe(false)
  await using admin = await connectAdmin(cluster.address)
  expect(await admin.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await cluster.ready()
})

test('what an owner sets on a database or on everybody in it does not reach our own sessions', async () => {
  const settings = {
    search_path: 'public',
    role: 'anna',
    default_transaction_read_only: 'on',
    default_transaction_isolation: 'serializable',
    statement_timeout: '1',
    lock_timeout: '1',
    transaction_timeout: '1',
    idle_session_timeout: '1',
    idle_in_transaction_session_timeout: '1',
    synchronous_commit: 'off',
    default_tablespace: 'nowhere',
    default_table_access_method: 'nothing',
    client_encoding: 'LATIN1',
    DateStyle: 'German',
    IntervalStyle: 'sql_standard',
    TimeZone: 'Asia/Tokyo',
    bytea_output: 'escape',
    standard_conforming_strings: 'off',
    client_min_messages: 'error',
    event_triggers: 'off',
    extra_float_digits: '-15',
    application_name: 'someone',
  }
  await using session = await connectAs(cluster.address, 'anna', 'own')
  const taken: string[] = []
  for (const [name, value] of Object.entries(settings)) {
    const done = await session.query(`ALTER DATABASE own SET ${name} = '${value}'`).catch(() => undefined)
    if (done) taken.push(name)
  }
  expect(taken.length).toBeGreaterThan(15)
  await using admin = await connectAdmin(cluster.address, { database: 'own' })
  const [row] = await admin.query<{ user: string; session: string; at: Date }>(
    `SELECT current_user AS user, session_user AS session, timestamptz '2026-01-01 00:00:00Z' AS at,
      pg_sleep(0.05)::text`,
  )
  expect(row).toMatchObject({
    user: 'cloud_admin',
    session: 'cloud_admin',
    at: new Date('2026-01-01T00:00:00Z'),
  })
  const now = await admin.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE lower(name) = ANY($1)',
    [Object.keys(settings).map((name) => name.toLowerCase())],
  )
  const differing = now.filter(({ name, setting }) => setting === settings[name as keyof typeof settings])
  expect(differing).toEqual([])
  await admin.transaction(async () => {
    await admin.execute('CREATE TABLE public.made (at timestamptz)')
  })
})

test('a session in template1 keeps nobody from creating a database', async () => {
  await expect(connectAs(cluster.address, 'anna', 'template1')).rejects.toMatchObject({ code: '42501' })
  await using admin = await connectAdmin(cluster.address)
  // As in a branch that was made before.
  await admin.execute('GRANT CONNECT ON DATABASE template1 TO PUBLIC')
  await using idle = await connectAs(cluster.address, 'anna', 'template1')
  await createDatabase(admin, { name: 'made', owner: 'anna' })
  await expect(idle.query('SELECT 1')).rejects.toThrow(SESSION_ENDED)
  await expect(connectAs(cluster.address, 'anna', 'template1')).rejects.toMatchObject({ code: '42501' })
})

test('a slot that nobody reads keeps a bounded amount of WAL', async () => {
  await using admin = await connectAdmin(cluster.address)
  const [row] = await admin.query<{ bytes: string }>(
    "SELECT pg_size_bytes(current_setting('max_slot_wal_keep_size')) AS bytes",
  )
  expect(Number(row?.bytes)).toBeGreaterThan(0)
})

const DIAL = `
  const { Client } = require('pg')
  const [socketDirectory, user, password] = process.argv.slice(1)
  const client = new Client({ host: socketDirectory, port: 5432, user, database: 'postgres', password })
  client.connect().then(() => console.log('in'), (error) => console.log(error.code)).finally(() => process.exit())
`

/** What becomes of a program that dials the socket as another account, if there is one. */
async function dial(address: ClusterAddress, user: string, password: string, uid: number | undefined) {
  const child = spawn(process.execPath, ['-e', DIAL, address.socketDirectory, user, password], {
    ...(uid === undefined ? {} : { uid, gid: uid }),
    cwd: path.join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const chunk of child.stdout) said += String(chunk)
  return said.trim()
}

/** The installation as a workspace that does not run as root sees it: all of it is one account. */
function unprivileged(installation: PostgresInstallation): PostgresInstallation {
  return { ...installation, account: undefined }
}

test('the socket asks for the account of the workspace: even Postgres’ own account gets in as nobody', async () => {
  const { account } = postgres.installation
  if (!account) {
    console.log('skipped: needs root, to have a second account')
    return
  }
  for (const user of ['cloud_admin', 'anna', 'databricks_control_plane', 'databricks_replicator']) {
    expect(await dial(cluster.address, user, '', account.uid)).toBe('28000')
    expect(await dial(cluster.address, user, '', undefined)).toBe('in')
  }
})

test('where all run as one account, the socket asks everybody for a secret', async () => {
  const { startSocketAccess } = await import('../../src/postgres/socket-access.ts')
  using access = await startSocketAccess(unprivileged(postgres.installation))
  using other = await startSocketAccess(unprivileged(postgres.installation))
  expect(access.password).toMatch(/^[\w-]{40,}$/)
  expect(access.password).not.toBe(other.password)
  expect(access.hba).not.toContain(access.password)
  const { writeClusterFiles } = await import('../../src/postgres/cluster-files.ts')
  await using running = await postgres.start(await postgres.newDataDirectory('secret'))
  const { dataDirectory } = running
  await writeClusterFiles({
    installation: postgres.installation,
    dataDirectory,
    settings: { maxCu: 1 },
    access,
  })
  await using before = await connectAs(running.address, 'cloud_admin')
  await before.query('SELECT pg_reload_conf()')
  const address = { ...running.address, password: access.password! }
  await waitUntil(() =>
    connectAdmin(running.address).then(
      (admin) => admin[Symbol.asyncDispose]().then(() => false),
      () => true,
    ),
  )
  for (const password of ['', 'x', other.password!, `${access.password!}x`, 'y'.repeat(128)]) {
    await expect(connectAs({ ...address, password }, 'cloud_admin')).rejects.toMatchObject({
      code: password === '' ? '28P01' : '28000',
    })
  }
  await using admin = await connectAdmin(address)
  expect(await admin.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await using role = await connectAs(address, 'databricks_gateway', 'postgres')
  expect(await role.query('SELECT current_user')).toEqual([{ current_user: 'databricks_gateway' }])
})
