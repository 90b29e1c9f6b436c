// Read-only endpoints: hot standbys of a branch that follow its server while that is awake and its log while it sleeps. Whatever happens to
// the branch, a replica shows what the branch holds, and takes no writes.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  branchControlRoutes,
  branchRoutes,
  credentialRoutes,
  endpointRoutes,
  computeControlRoutes,
  restoreRoutes,
} from '@lakelet/api'
import { Client, type ClientConfig } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectInLog } from '../guards/log-guard.ts'
import { finished } from '../clients/workspace-objects.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const BRANCH = 'projects/shop/branches/main'
const PRIMARY = `${BRANCH}/endpoints/primary`
const READERS = `${BRANCH}/endpoints/readers`
const branch = { project: 'shop', branch: 'main' }
const primary = { ...branch, endpoint: 'primary' }
const readers = { ...branch, endpoint: 'readers' }
/** `npm run soak` goes through the other versions. */
const MAJOR = process.env['TEST_POSTGRES_MAJOR']
const READ_ONLY = 'ENDPOINT_TYPE_READ_ONLY'

let workspace: TestWorkspace

beforeAll(async () => {
  // Idle readers of files that are replaced end, as on Lakebase.
  workspace = await startTestWorkspace({ env: { LAKELET_PARKING_SESSIONS: 'off' } })
  await workspace.cli([
    'postgres',
    'create-project',
    'shop',
    '--json',
    JSON.stringify({
      spec: { enable_pg_native_login: true, ...(MAJOR ? { pg_version: Number(MAJOR) } : {}) },
    }),
  ])
  const spec = { source_branch: 'projects/shop/branches/production', no_expiry: true }
  await workspace.cli([
    'postgres',
    'create-branch',
    'projects/shop',
    'main',
    '--json',
    JSON.stringify({ spec }),
  ])
  await using session = await connect(PRIMARY)
  await session.query("CREATE TABLE goods (name text); INSERT INTO goods VALUES ('tea')")
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function connect(endpoint: string, login?: { readonly user: string; readonly password: string }) {
  const token = login
    ? ''
    : (await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })).token
  const config: ClientConfig = {
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    options: `endpoint=${endpoint}`,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
    ...login,
  }
  const client = new Client(config)
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  return Object.assign(client, { ended, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) })
}

async function goods(endpoint = READERS) {
  await using session = await connect(endpoint)
  const { rows } = await session.query<{ name: string }>('SELECT name FROM goods ORDER BY name')
  return rows.map(({ name }) => name).join(' ')
}

async function add(name: string) {
  await using session = await connect(PRIMARY)
  await session.query('INSERT INTO goods VALUES ($1)', [name])
}

const stateOf = async (params: typeof primary) =>
  (await workspace.client.call(endpointRoutes.getEndpoint, { params })).status.current_state
const activityOf = (params: typeof primary) => workspace.client.call(endpointRoutes.getActivity, { params })
const suspend = (params: typeof primary) =>
  workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
const create = (id: string, spec: object = {}) =>
  workspace.client.call(endpointRoutes.createEndpoint, {
    params: branch,
    query: { endpoint_id: id },
    body: { spec: { endpoint_type: READ_ONLY, ...spec } },
  })
const filesOf = (uid: string) => existsSync(path.join(workspace.dataDir, 'replicas', uid))

it('is made by the tool, shows what the branch holds, follows it and takes no writes', async () => {
  const spec = { endpoint_type: READ_ONLY, autoscaling_limit_min_cu: 0.5, autoscaling_limit_max_cu: 2 }
  await workspace.cli(['postgres', 'create-endpoint', BRANCH, 'readers', '--json', JSON.stringify({ spec })])
  const made = await workspace.client.call(endpointRoutes.getEndpoint, { params: readers })
  expect(made.status).toMatchObject({
    endpoint_type: READ_ONLY,
    current_state: 'IDLE',
    autoscaling_limit_max_cu: 2,
  })
  expect(made.status.hosts.read_only_host).toBe(made.status.hosts.host)

  await using reader = await connect(READERS)
  expect((await reader.query('SELECT name FROM goods')).rows).toEqual([{ name: 'tea' }])
  await expect(reader.query("INSERT INTO goods VALUES ('no')")).rejects.toMatchObject({ code: '25006' })
  await add('coffee')
  const seen = async () => (await reader.query('SELECT FROM goods')).rowCount
  await expect.poll(seen).toBe(2)
  await expect
    .poll(async () => (await activityOf(readers)).replica)
    .toMatchObject({ is_streaming: true, lag_bytes: 0, lag_ms: 0 })
  expect(await workspace.cli(['status'])).toContain(`${READERS}: ACTIVE, follows its branch, has all\n`)
  // As many connections as its primary lets in, whatever its own size.
  expect((await reader.query('SHOW max_connections')).rows).toEqual([{ max_connections: '209' }])
})

it('shows the last state of a branch that sleeps, without waking it, and lets in who may log in there', async () => {
  await suspend(readers)
  await add('cocoa')
  {
    await using session = await connect(PRIMARY)
    await session.query(
      "CREATE ROLE anna LOGIN PASSWORD 'correct horse battery staple'; GRANT SELECT ON goods TO anna",
    )
  }
  await suspend(primary)
  expect(await goods()).toBe('cocoa coffee tea')
  await using anna = await connect(READERS, { user: 'anna', password: 'correct horse battery staple' })
  expect((await anna.query('SELECT FROM goods')).rowCount).toBe(3)
  expect(await stateOf(primary)).toBe('IDLE')
  expect((await activityOf(readers)).replica).toMatchObject({ is_streaming: false, lag_bytes: 0 })
  // It goes on with its branch when that wakes.
  await add('milk')
  await expect.poll(async () => (await anna.query('SELECT FROM goods')).rowCount, { timeout: 10_000 }).toBe(4)
})

it('follows the sizes of its primary, and begins anew with a branch that was reset', async () => {
  const update = await workspace.client.call(endpointRoutes.updateEndpoint, {
    params: primary,
    query: { update_mask: 'spec.autoscaling_limit_max_cu,spec.settings.pg_settings' },
    body: {
      spec: { autoscaling_limit_max_cu: 4, settings: { pg_settings: { max_locks_per_transaction: '80' } } },
    },
  })
  await finished(workspace, update)
  await add('sugar')
  {
    await using reader = await connect(READERS)
    const { rows } = await reader.query(
      "SELECT current_setting('max_connections') AS a, current_setting('max_locks_per_transaction') AS b",
    )
    expect(rows).toEqual([{ a: '839', b: '80' }])
  }
  await expect.poll(() => goods()).toBe('cocoa coffee milk sugar tea')

  await using left = await connect(READERS)
  const reset = await workspace.client.call(branchControlRoutes.resetBranch, { params: branch, body: {} })
  await finished(workspace, reset)
  expect(await left.ended).toMatchObject({ code: '57P01' })
  await expect(goods()).rejects.toMatchObject({ code: '42P01' })
  await using session = await connect(PRIMARY)
  await session.query("CREATE TABLE goods (name text); INSERT INTO goods VALUES ('water')")
  await expect.poll(() => goods().catch(() => '')).toBe('water')
})

it('begins anew with a branch that goes back to what it was, and shows nothing of what came after', async () => {
  await add('wine')
  await expect.poll(() => goods()).toBe('water wine')
  const then = await (async () => {
    await using session = await connect(PRIMARY)
    const { rows } = await session.query<{ at: string }>('SELECT now()::text AS at')
    return new Date(rows[0]!.at).toISOString()
  })()
  await add('oil')
  await using left = await connect(READERS)
  await expect.poll(async () => (await left.query('SELECT FROM goods')).rowCount).toBe(3)
  const body = { time: then, in_place: true, branch_id: 'before' }
  await finished(workspace, await workspace.client.call(restoreRoutes.restore, { params: branch, body }))
  expect(await left.ended).toMatchObject({ code: '57P01' })
  expect(await goods()).toBe('water wine')
  await add('salt')
  await expect.poll(() => goods()).toBe('salt water wine')
  {
    await using session = await connect(PRIMARY)
    await session.query("DELETE FROM goods WHERE name <> 'water'")
  }
  await expect.poll(() => goods()).toBe('water')
  const before = { ...branch, branch: 'before' }
  await finished(workspace, await workspace.client.call(branchRoutes.deleteBranch, { params: before }))
})

it('comes back right after a crash of either side', async () => {
  expectInLog(/the compute crashed/)
  expectInLog(/replica/)
  const pidOf = async (directory: string) =>
    Number(
      (await readFile(path.join(workspace.dataDir, directory, 'data/postmaster.pid'), 'utf8')).split('\n')[0],
    )
  const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, { params: readers })
  const { uid: branchUid } = await workspace.client.call(branchRoutes.getBranch, { params: branch })
  await add('ice')
  await expect.poll(() => goods()).toBe('ice water')
  process.kill(await pidOf(`replicas/${uid}`), 'SIGKILL')
  await expect.poll(() => goods().catch(() => '')).toBe('ice water')
  process.kill(await pidOf(`branches/${branchUid}`), 'SIGKILL')
  // Nobody has woken the branch: what it had when it crashed.
  await suspend(readers).catch(() => undefined)
  await expect.poll(() => goods().catch(() => '')).toBe('ice water')
  await add('juice')
  await expect.poll(() => goods().catch(() => ''), { timeout: 10_000 }).toBe('ice juice water')
})

it('has limits, and leaves nothing when it or its branch goes', async () => {
  const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, { params: readers })
  expect(filesOf(uid)).toBe(true)
  for (const n of [2, 3, 4, 5, 6])
    await finished(workspace, await create(`readers${n}`, { suspend_timeout_duration: '60s' }))
  await expect(create('readers7')).rejects.toMatchObject({ errorCode: 'QUOTA_EXCEEDED' })
  await expect(create('readers')).rejects.toMatchObject({ errorCode: 'ALREADY_EXISTS' })
  const removed = await workspace.client.call(endpointRoutes.deleteEndpoint, { params: readers })
  await finished(workspace, removed)
  expect(filesOf(uid)).toBe(false)
  await expect(goods()).rejects.toThrow(/endpoint/)

  expect(await goods(`${BRANCH}/endpoints/readers2`)).toBe('ice juice water')
  const other = await workspace.client.call(endpointRoutes.getEndpoint, {
    params: { ...branch, endpoint: 'readers2' },
  })
  expect(filesOf(other.uid)).toBe(true)
  await finished(workspace, await workspace.client.call(branchRoutes.deleteBranch, { params: branch }))
  expect(filesOf(other.uid)).toBe(false)
})
