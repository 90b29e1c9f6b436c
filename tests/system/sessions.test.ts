// Who is connected to an endpoint, seen through the API, and what becomes of sessions when its compute goes to sleep.
import { readFile } from 'node:fs/promises'
import {
  type ComputeActivityView,
  computeControlRoutes,
  credentialRoutes,
  type EndpointSessionView,
  endpointRoutes,
  scimRoutes,
  servicePrincipalSecretRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const params = { project: 'watched', branch: 'production', endpoint: 'primary' }

const FORM = 'application/x-www-form-urlencoded'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace({
    env: { LAKELET_SCALE_TO_ZERO_DEFAULT_SECONDS: '2' },
  })
  await workspace.cli(['postgres', 'create-project', 'watched'])
})

afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

interface Connected extends AsyncDisposable {
  readonly client: Client
  readonly pid: number
  /** Why the server ended the session. */
  readonly ended: Promise<Error>
}

async function connect(application: string): Promise<Connected> {
  const endpoint = 'projects/watched/branches/production/endpoints/primary'
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    application_name: application,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return { client, pid: rows[0]!.pid, ended, [Symbol.asyncDispose]: () => client.end() }
}

async function session(application: string): Promise<EndpointSessionView | undefined> {
  const { sessions } = await workspace.client.call(endpointRoutes.listSessions, { params })
  return sessions.find((each) => each.application === application)
}

it('lists sessions with what they do and what keeps them from being parked', async () => {
  expect(await workspace.client.call(endpointRoutes.listSessions, { params })).toEqual({ sessions: [] })
  const before = Date.now()
  await using watched = await connect('watched app')
  await expect.poll(async () => (await session('watched app'))?.state).toBe('idle')
  const seen = await session('watched app')
  expect(seen).toMatchObject({
    role: workspace.user,
    database: 'databricks_postgres',
    client_address: '127.0.0.1',
    pid: watched.pid,
  })
  expect(Date.parse(seen!.since)).toBeGreaterThanOrEqual(before - 1000)
  expect(seen!.can_park).toBe(seen!.park_refusal === undefined)

  await watched.client.query('BEGIN')
  await expect
    .poll(() => session('watched app'))
    .toMatchObject({ state: 'idle in transaction', can_park: false, park_refusal: 'transaction' })
  await watched.client.query('ROLLBACK')
  const waiting = watched.client.query('SELECT pg_sleep(600)').catch((error: unknown) => error)
  await expect.poll(() => session('watched app')).toMatchObject({ state: 'active', can_park: false })
  await using other = await connect('the one that cancels')
  await other.client.query('SELECT pg_cancel_backend($1)', [watched.pid])
  expect(await waiting).toMatchObject({ code: '57014' })
})

it('parks the idle sessions of a compute that is suspended, and lets them go on', async () => {
  await using parked = await connect('parked app')
  await using open = await connect('open app')
  await parked.client.query(`SET app.tenant = 'blue'`)
  await open.client.query('BEGIN')
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  expect(await open.ended).toMatchObject({ code: '57P01' })
  expect(await session('parked app')).toMatchObject({ state: 'parked', can_park: true })
  expect(await session('open app')).toBeUndefined()
  const { rows } = await parked.client.query<{ pid: number; tenant: string }>(
    `SELECT pg_backend_pid() AS pid, current_setting('app.tenant') AS tenant`,
  )
  expect(rows[0]?.tenant).toBe('blue')
  expect(await session('parked app')).toMatchObject({ state: 'idle', pid: rows[0]?.pid })
})

it('takes idle sessions along over a restart, another size and a return to the past', async () => {
  await using session = await connect('carried app')
  const { client } = session
  await client.query(`SET app.tenant = 'blue'; CREATE TABLE moves (what text)`)
  const carried = async () => {
    const { rows } = await client.query<{ pid: number; tenant: string }>(
      `SELECT pg_backend_pid() AS pid, current_setting('app.tenant') AS tenant`,
    )
    return rows[0]!
  }
  const pids = [session.pid]
  const expectCarried = async () => {
    const { pid, tenant } = await carried()
    expect(tenant).toBe('blue')
    expect(pids).not.toContain(pid)
    pids.push(pid)
  }
  await workspace.client.call(computeControlRoutes.restart, { params, body: {} })
  await expectCarried()
  const endpoint = 'projects/watched/branches/production/endpoints/primary'
  const mask = 'spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu'
  const size = '{"spec":{"autoscaling_limit_min_cu":2,"autoscaling_limit_max_cu":2}}'
  const resized = await workspace.cli(['postgres', 'update-endpoint', endpoint, mask, '--json', size])
  expect(JSON.parse(resized)).toMatchObject({ lakelet: { settings_applied: 'RESTARTED' } })
  await expectCarried()
  const { rows } = await client.query<{ at: string }>(`SELECT clock_timestamp()::text AS at`)
  await client.query(`INSERT INTO moves VALUES ('a mistake')`)
  const moment = new Date(rows[0]!.at).toISOString()
  const to = ['--time', moment, '--in-place', '--to', 'before', '--project', 'watched']
  await workspace.cli(['branch', 'restore', 'production', ...to])
  await expectCarried()
  expect((await client.query('SELECT what FROM moves')).rows).toEqual([])
})

it('ends sessions where their endpoint is to do as Lakebase does', async () => {
  const parking = (...sessions: string[]) =>
    workspace.cli(['parking', 'projects/watched', ...sessions, '-o', 'json'])
  const suspended = async () => {
    const session = await connect('switched app')
    await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
    return session
  }
  const configured = {
    sessions: 'on',
    is_default: true,
    default_sessions: 'on',
    keep_awake_seconds: 3600,
    parked_sessions: 0,
    parked_bytes: 0,
    max_parked_bytes: 256_000_000,
  }
  expect(await workspace.client.call(computeControlRoutes.getParking, { params })).toEqual(configured)
  expect(JSON.parse(await parking('--sessions', 'off'))).toMatchObject({ sessions: 'off', is_default: false })
  await using ended = await suspended()
  expect(await ended.ended).toMatchObject({ code: '57P01' })
  expect(JSON.parse(await parking('--sessions', 'default'))).toEqual(configured)
  await using parked = await suspended()
  expect(await session('switched app')).toMatchObject({ state: 'parked' })
  const now = await workspace.client.call(computeControlRoutes.getParking, { params })
  expect(now.parked_sessions).toBe(1)
  expect(now.parked_bytes).toBeGreaterThan(4_096)
  expect(now.parked_bytes).toBeLessThan(10_000)
  expect(await workspace.cli(['parking', 'projects/watched'])).toContain('Parked now: 1 (')
  expect((await parked.client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect(await workspace.cli(['parking', 'projects/watched'])).toContain('Idle sessions are parked')
})

it('says which session keeps a compute awake because it cannot be parked', async () => {
  const activity = () => workspace.client.call(endpointRoutes.getActivity, { params })
  await using keeper = await connect('keeper app')
  await keeper.client.query('CREATE TEMPORARY TABLE mine (id int)')
  await expect
    .poll(async () => (await activity()).awake_because, { timeout: 20_000 })
    .toMatchObject({ application: 'keeper app', reason: 'temporary_objects', pid: keeper.pid })
  expect(await session('keeper app')).toMatchObject({ can_park: false, park_refusal: 'temporary_objects' })
  await keeper.client.query('DROP TABLE mine')
  await expect
    .poll(activity, { timeout: 20_000 })
    .toMatchObject({ state: 'idle', last_suspend_reason: 'idle' })
  expect(await session('keeper app')).toMatchObject({ state: 'parked' })
  expect((await keeper.client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

it('lets a compute sleep though idle sessions are open, keeps it awake for a transaction, and says whose that is', async () => {
  const activity = () => workspace.client.call(endpointRoutes.getActivity, { params })
  const reader = await userOfProject()
  await using busy = await connect('busy app')
  await busy.client.query('BEGIN')
  await busy.client.query(`SELECT 'for nobody else', repeat('x', 2000)`)
  await expect
    .poll(async () => (await activity()).awake_because)
    .toMatchObject({
      application: 'busy app',
      role: workspace.user,
      state: 'idle in transaction',
      query: expect.stringMatching(/^SELECT 'for nobody else'/) as string,
      session: { client_address: '127.0.0.1', pooled: false },
    })
  const because = (await activity()).awake_because
  const connected = await session('busy app')
  expect(because?.session).toMatchObject({ session_id: connected?.session_id, since: connected?.since })
  expect(Date.parse(because!.transaction_since!)).toBeLessThanOrEqual(Date.parse(because!.since!))
  expect((await activity()).state).toBe('active')
  // Who may only use the project learns who it is, and not what it runs.
  const seen = await reader()
  expect(seen.awake_because).toMatchObject({ application: 'busy app', session: because!.session })
  expect(seen.awake_because).not.toHaveProperty('query')
  await busy.client.query('COMMIT')
  await expect
    .poll(activity, { timeout: 20_000 })
    .toMatchObject({ state: 'idle', last_suspend_reason: 'idle' })
})

/** Reads the activity as somebody who may use the project and not manage it. */
async function userOfProject(): Promise<() => Promise<ComputeActivityView>> {
  const { client, host } = workspace
  const made = await client.call(scimRoutes.createServicePrincipal, { body: { displayName: 'reader' } })
  const { secret } = await client.call(servicePrincipalSecretRoutes.create, {
    params: { service_principal_id: made.id },
    body: {},
  })
  const acl = [{ service_principal_name: made.applicationId, permission_level: 'CAN_USE' }]
  const send = async (url: string, method: string, authorization: string, body?: string) => {
    const headers = { authorization, 'content-type': body?.startsWith('{') ? 'application/json' : FORM }
    const reply = await fetch(`${host}${url}`, { method, headers, ...(body === undefined ? {} : { body }) })
    expect(reply.status, `${method} ${url}`).toBe(200)
    return reply.json()
  }
  await send(
    '/api/2.0/permissions/database-projects/watched',
    'PATCH',
    `Bearer ${workspace.token}`,
    JSON.stringify({ access_control_list: acl }),
  )
  const basic = `Basic ${Buffer.from(`${made.applicationId}:${secret}`).toString('base64')}`
  const granted = 'grant_type=client_credentials&scope=all-apis'
  const { access_token: token } = (await send('/oidc/v1/token', 'POST', basic, granted)) as {
    access_token: string
  }
  const path = '/api/2.0/lakelet/projects/watched/branches/production/endpoints/primary/activity'
  return async () => (await send(path, 'GET', `Bearer ${token}`)) as ComputeActivityView
}
