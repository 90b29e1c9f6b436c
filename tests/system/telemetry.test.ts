// What a workspace tells of what it does: the past of a compute, by the API and the command line.
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
    `DO $$ BEGIN FOR i IN 1..30 LOOP PERFORM sum(number) FROM worked; END LOOP; END $$`,
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
  expect(total(seen.compute_counters.cpu_seconds)).toBeGreaterThan(0.2)
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
