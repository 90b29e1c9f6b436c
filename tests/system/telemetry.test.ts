// What a workspace tells of what it does: the past of a compute, by the API and the command line.
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { computeControlRoutes, credentialRoutes, type EndpointTelemetry, telemetryRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const params = { project: 'measured', branch: 'production', endpoint: 'primary' }
const endpoint = 'projects/measured/branches/production/endpoints/primary'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace({ env: { LAKELET_SCALE_TO_ZERO_DEFAULT_SECONDS: '300' } })
  await workspace.cli(['postgres', 'create-project', 'measured'])
})

afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

async function connect(): Promise<Client & AsyncDisposable> {
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  client.on('error', () => {})
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

/** The values of the metrics by name and labels. */
async function metrics(): Promise<{ readonly text: string; of(name: string, labels?: object): number }> {
  const reply = await fetch(`${workspace.host}/metrics`, {
    headers: { authorization: `Bearer ${workspace.token}` },
  })
  expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const text = await reply.text()
  const of = (name: string, labels: object = {}) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${String(value)}"`)
    const isIt = (line: string) =>
      line.startsWith(name) &&
      /[ {]/.test(line[name.length] ?? '') &&
      pairs.every((pair) => line.includes(pair))
    const lines = text.split('\n').filter(isIt)
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }
  return { text, of }
}

async function telemetry(step = '10s'): Promise<EndpointTelemetry> {
  const query = { start_time: new Date(Date.now() - 600_000).toISOString(), step }
  return workspace.client.call(telemetryRoutes.getTelemetry, { params, query })
}

const total = (column: readonly (number | null)[]) =>
  column.reduce<number>((sum, each) => sum + (each ?? 0), 0)
const most = (column: readonly (number | null)[]) => Math.max(...column.map((each) => each ?? 0))

it('a compute that works has a past: CPU, memory, connections, rows, cache hits, waits, size', async () => {
  await using idle = await connect()
  await using busy = await connect()
  await busy.query('CREATE TABLE worked (number int)')
  const before = total((await telemetry()).database_counters.tup_inserted)
  await busy.query('INSERT INTO worked SELECT generate_series(1, 50000)')
  await idle.query('BEGIN')
  const burning = busy.query(
    `DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM sum(number) FROM worked; END LOOP; END $$`,
  )
  await burning
  const waiting = busy.query('SELECT pg_sleep(6)')
  await expect
    .poll(async () => total((await telemetry()).database_counters.tup_inserted) - before, {
      interval: 500,
      timeout: 40_000,
    })
    .toBeGreaterThanOrEqual(50_000)
  await waiting
  await expect
    .poll(async () => (await telemetry()).wait_event_counters, { interval: 500, timeout: 40_000 })
    .toContainEqual({
      wait_event_type: 'Timeout',
      wait_event: 'PgSleep',
      count: expect.any(Number) as number,
    })
  const seen = await telemetry()
  expect(total(seen.compute_counters.cpu_seconds)).toBeGreaterThan(0.1)
  expect(most(seen.compute_gauges.memory_bytes)).toBeGreaterThan(1_000_000)
  expect(most(seen.compute_gauges.size_cu)).toBeGreaterThanOrEqual(0.5)
  expect(most(seen.database_gauges.connections_max)).toBe(2)
  expect(most(seen.database_gauges.connections_idle_in_transaction)).toBeGreaterThan(0)
  expect(most(seen.database_gauges.database_size_bytes)).toBeGreaterThan(7_000_000)
  expect(total(seen.database_counters.blks_hit)).toBeGreaterThan(10_000)
  expect(seen).toMatchObject({ project_id: 'measured', compute_mode: 'READ_WRITE', step_seconds: 10 })
  expect(seen.states.at(-1)?.state).toBe('active')
  expect(await workspace.cli(['stats', '--project', 'measured', '--last', '10m'])).toMatch(
    /\d+ % +[\d.]+ +\d/,
  )
})

it('Prometheus reads what the workspace does, with the token of an admin', async () => {
  const before = await metrics()
  await using client = await connect()
  await client.query(`SELECT repeat('x', 50000)`)
  const config = {
    ...workspace.postgres,
    user: workspace.user,
    password: 'no token',
    database: 'databricks_postgres',
  }
  await using wrong = Object.assign(new Client({ ...config, ssl: { rejectUnauthorized: false } }), {
    [Symbol.asyncDispose]: async () => undefined,
  })
  await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' })
  await client.end()
  await expect
    .poll(async () => (await metrics()).of('lakelet_gateway_bytes_total', { direction: 'out' }))
    .toBeGreaterThan(before.of('lakelet_gateway_bytes_total', { direction: 'out' }) + 50_000)
  const after = await metrics()
  const grown = (name: string, labels: object) => after.of(name, labels) - before.of(name, labels)
  expect(grown('lakelet_gateway_logins_total', { auth: 'token', result: 'accepted' })).toBe(1)
  expect(grown('lakelet_gateway_logins_total', { auth: 'token', result: 'refused' })).toBe(1)
  expect(grown('lakelet_gateway_refusals_total', { sqlstate: '28P01' })).toBe(1)
  expect(grown('lakelet_gateway_sessions_opened_total', { route: 'only' })).toBe(1)
  expect(after.of('lakelet_compute_wakes_total', { result: 'started' })).toBeGreaterThan(0)
  expect(after.of('lakelet_compute_wake_seconds_count')).toBeGreaterThan(0)
  const names = { project: 'measured', branch: 'production', endpoint: 'primary' }
  expect(after.of('lakelet_endpoint_up', names)).toBe(1)
  expect(after.of('lakelet_endpoint_cpu_seconds_total', names)).toBeGreaterThan(0)
  expect(after.of('lakelet_operations', { kind: 'create_project', state: 'succeeded' })).toBe(1)
  expect(after.text).toContain('lakelet_archive_lag_bytes{project="measured"')
  expect((await fetch(`${workspace.host}/metrics`)).status).toBe(401)
})

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined

it.skipIf(!hasPromtool)(
  'promtool has nothing to say about the metrics (skipped without promtool)',
  async () => {
    const { text } = await metrics()
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  },
)

it('tells which statements took the time, to who may see them, also of a compute that was awake for a moment', async () => {
  {
    await using client = await connect()
    await client.query(`CREATE ROLE quiet LOGIN PASSWORD 'nobody shall read this'`)
    for (let call = 0; call < 3; call += 1) await client.query('SELECT count(*), pg_sleep(0.05) FROM worked')
  }
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  const of = (seen: EndpointTelemetry, text: string) =>
    seen.pg_stat_statements_counters.find(({ query }) => query?.includes(text))
  const first = of(await telemetry(), 'pg_sleep($1) FROM worked')
  expect(first).toMatchObject({ role: workspace.user, database: 'databricks_postgres', calls: 3, rows: 3 })
  expect(first!.total_exec_ms).toBeGreaterThan(150)
  {
    await using client = await connect()
    await client.query('SELECT count(*), pg_sleep(0.05) FROM worked')
  }
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  const seen = await telemetry()
  expect(of(seen, 'pg_sleep($1) FROM worked')).toMatchObject({ calls: 4 })
  expect(JSON.stringify(seen.pg_stat_statements_counters)).not.toMatch(/nobody shall read|cloud_admin/)
  const printed = await workspace.cli(['stats', '--project', 'measured', '--statements'])
  expect(printed).toMatch(/^Total ms +Calls +Mean ms/)
  expect(printed).toMatch(/SELECT count\(\*\), pg_sleep\(\$1\) FROM worked/)
})

it('asleep nothing is measured, and looking wakes nothing', async () => {
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  const { states, compute_gauges: gauges, ts } = await telemetry('1s').catch(() => telemetry())
  expect(states.slice(-2).map(({ state }) => state)).toEqual(['stopping', 'idle'])
  expect(gauges.size_cu).toHaveLength(ts.length)
  const wake = (await telemetry()).states.filter(({ state }) => state === 'starting')
  expect(wake.length).toBeGreaterThan(0)
})

it('a period that makes no sense is refused with what would', async () => {
  const read = (query: object) => workspace.client.call(telemetryRoutes.getTelemetry, { params, query })
  const of = (ms: number) => new Date(Date.now() + ms).toISOString()
  await expect(read({ start_time: of(60_000) })).rejects.toMatchObject({
    errorCode: 'INVALID_PARAMETER_VALUE',
  })
  await expect(read({ start_time: of(-1_000), end_time: of(-2_000) })).rejects.toThrow(
    /start_time must be before/,
  )
  await expect(read({ start_time: of(-30 * 86_400_000), step: '1s' })).rejects.toThrow(/take at least \d+s/)
  await expect(read({ step: '0s' })).rejects.toThrow(/at least one second/)
  const missing = { ...params, endpoint: randomUUID() }
  await expect(
    workspace.client.call(telemetryRoutes.getTelemetry, { params: missing }),
  ).rejects.toMatchObject({ status: 404 })
})
