// High availability: a primary and secondaries that follow it. Clients read from the secondaries by a name of their own; whatever is killed, what was
// acknowledged is there, and the status says what runs.
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { branchRoutes, computeControlRoutes, credentialRoutes, endpointRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { finished } from '../clients/workspace-objects.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { runsIn } from '../hostile/footprint.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const params = { project: 'shop', branch: 'production', endpoint: 'primary' }
const PRIMARY = 'projects/shop/branches/production/endpoints/primary'
const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-groups-'))

let workspace: TestWorkspace
let uid: string

beforeAll(async () => {
  workspace = await startTestWorkspace({ directory })
  await workspace.cli(['postgres', 'create-project', 'shop'])
  uid = (await endpoint()).uid
  await using session = await connect()
  await session.query("CREATE TABLE goods (name text); INSERT INTO goods VALUES ('tea')")
})
afterAll(async () => {
  await workspace.stop()
  await vi.waitFor(() => expect(runsIn(directory), 'processes left behind').toEqual([]), 60_000)
  await rm(directory, { recursive: true, force: true })
})

const endpoint = () => workspace.client.call(endpointRoutes.getEndpoint, { params })
const members = async () =>
  (await workspace.client.call(endpointRoutes.getActivity, { params })).members ?? []
const stateOf = async () => {
  const { current_state: current, pending_state: pending } = (await endpoint()).status
  return `${current} ${pending ?? 'steady'}`
}
const isWhole = () => expect.poll(stateOf, { interval: 20 }).toBe('ACTIVE steady')
const filesOf = (n: number) => existsSync(path.join(workspace.dataDir, 'replicas', `${uid}-s${n}`))

async function connect(name = uid) {
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint: PRIMARY } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    options: `endpoint=${name}`,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  return Object.assign(client, { ended, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) })
}

async function update(spec: object, mask: string) {
  const query = { update_mask: mask }
  await finished(
    workspace,
    await workspace.client.call(endpointRoutes.updateEndpoint, { params, query, body: { spec } }),
  )
}

const resize = (size: number) =>
  update(
    { group: { min: size, max: size, enable_readable_secondaries: true }, no_suspension: true },
    'spec.group,spec.suspension',
  )

async function pidOf(place: string): Promise<number> {
  const text = await readFile(path.join(workspace.dataDir, place, 'data/postmaster.pid'), 'utf8')
  return Number(text.split('\n')[0])
}

async function branchPid(): Promise<number> {
  const branch = { project: 'shop', branch: 'production' }
  return pidOf(`branches/${(await workspace.client.call(branchRoutes.getBranch, { params: branch })).uid}`)
}

it('says what a group may be', async () => {
  const refused = (spec: object, mask: string) =>
    workspace.client
      .call(endpointRoutes.updateEndpoint, { params, query: { update_mask: mask }, body: { spec } })
      .then(
        () => 'taken',
        (error: Error) => error.message,
      )
  expect(await refused({ group: { min: 2, max: 3 } }, 'spec.group')).toMatch(/min and max must be equal/)
  expect(await refused({ group: { min: 5, max: 5 } }, 'spec.group')).toMatch(/from 1 to 4/)
  expect(await refused({ group: { min: 2, max: 2 } }, 'spec.group')).toMatch(/Set spec.no_suspension/)
  expect((await endpoint()).status.group).toMatchObject({ min: 1, max: 1 })
  const replica = {
    spec: {
      endpoint_type: 'ENDPOINT_TYPE_READ_ONLY' as const,
      group: { min: 2, max: 2 },
      no_suspension: true,
    },
  }
  await expect(
    workspace.client.call(endpointRoutes.createEndpoint, {
      params,
      query: { endpoint_id: 'readers' },
      body: replica,
    }),
  ).rejects.toMatchObject({ errorCode: 'NOT_IMPLEMENTED' })
})

it('grows and shrinks while sessions of its primary go on, and spreads who reads', async () => {
  await using writer = await connect()
  const json = JSON.stringify({
    spec: { group: { min: 3, max: 3, enable_readable_secondaries: true }, no_suspension: true },
  })
  await workspace.cli(['postgres', 'update-endpoint', PRIMARY, 'spec.group,spec.suspension', '--json', json])
  expect((await endpoint()).status).toMatchObject({
    current_state: 'ACTIVE',
    group: { min: 3, max: 3, enable_readable_secondaries: true },
    hosts: { read_only_host: expect.any(String) },
  })
  expect((await endpoint()).status.suspend_timeout_duration).toBeUndefined()
  const { compute_instances: instances } = await workspace.client.call(endpointRoutes.listComputeInstances, {
    params,
  })
  expect(
    instances?.map(({ compute_instance_id: id, role, current_state: s }) => `${id} ${role} ${s}`),
  ).toEqual(['primary READ_WRITE ACTIVE', 'secondary-1 READ_ONLY ACTIVE', 'secondary-2 READ_ONLY ACTIVE'])

  const readers = await Promise.all([1, 2, 3, 4].map(() => connect(`${uid}-ro`)))
  const where = await Promise.all(
    readers.map(async (reader) => {
      const { rows } = await reader.query<{ place: string; standby: boolean }>(
        "SELECT current_setting('data_directory') AS place, pg_is_in_recovery() AS standby",
      )
      expect(rows[0]!.standby).toBe(true)
      return rows[0]!.place
    }),
  )
  expect(new Set(where).size).toBe(2)
  await expect(readers[0]!.query("INSERT INTO goods VALUES ('no')")).rejects.toMatchObject({ code: '25006' })
  await writer.query("INSERT INTO goods VALUES ('coffee')")
  await expect.poll(async () => (await readers[0]!.query('SELECT FROM goods')).rowCount).toBe(2)
  await expect
    .poll(members)
    .toMatchObject([
      { role: 'READ_WRITE' },
      { replica: { is_streaming: true, lag_bytes: 0 } },
      { replica: { is_streaming: true, lag_bytes: 0 } },
    ])
  expect(await workspace.cli(['status'])).toMatch(
    /primary: ACTIVE\n +primary: active, \d+ sessions\n +secondary-1: active, 2 sessions, follows its branch, has all\n/,
  )
  for (const reader of readers) await reader.end()

  await resize(2)
  expect([filesOf(1), filesOf(2)]).toEqual([true, false])
  expect((await members()).map(({ compute_instance_id: id }) => id)).toEqual(['primary', 'secondary-1'])
  // One and the same session all the way.
  expect((await writer.query('SELECT FROM goods')).rowCount).toBe(2)
  await expect(
    workspace.client.call(endpointRoutes.updateEndpoint, {
      params,
      query: { update_mask: 'spec.suspension' },
      body: { spec: { suspend_timeout_duration: '300s' } },
    }),
  ).rejects.toThrow(/cannot be suspended/)
})

it('loses nothing that was acknowledged when its primary is killed, reads on meanwhile, and says so', async () => {
  expectInLog(/the compute crashed/)
  await isWhole()
  await using reader = await connect(`${uid}-ro`)
  await using writer = await connect()
  await writer.query('CREATE TABLE acknowledged (n int)')
  await expect
    .poll(() =>
      reader.query('SELECT FROM acknowledged').then(
        () => 'there',
        () => 'not yet',
      ),
    )
    .toBe('there')
  let acknowledged = 0
  const writing = (async () => {
    for (;;) {
      await writer.query('INSERT INTO acknowledged VALUES ($1)', [acknowledged + 1])
      acknowledged += 1
    }
  })()
  await expect.poll(() => acknowledged, { interval: 1 }).toBeGreaterThan(20)
  process.kill(await branchPid(), 'SIGKILL')
  await expect(writing).rejects.toThrow(/terminat|connection/i)
  const began = performance.now()
  await using again = await connect()
  const { rows } = await again.query<{ n: number }>('SELECT count(*)::int AS n FROM acknowledged')
  console.log(`primary killed: ${Math.round(performance.now() - began)} ms until a client writes again`)
  expect(rows[0]!.n).toBeGreaterThanOrEqual(acknowledged)
  // The same session as before: readers did not notice.
  await again.query('INSERT INTO acknowledged VALUES (-1)')
  await expect
    .poll(async () => (await reader.query('SELECT FROM acknowledged WHERE n = -1')).rowCount)
    .toBe(1)
  await isWhole()
})

it('is degraded while a secondary is down, until that is back by itself', async () => {
  expectInLog(/the compute crashed/)
  await isWhole()
  await using writer = await connect()
  process.kill(await pidOf(`replicas/${uid}-s1`), 'SIGKILL')
  await expect.poll(stateOf, { interval: 5 }).toBe('DEGRADED ACTIVE')
  await isWhole()
  expect((await writer.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await using reader = await connect(`${uid}-ro`)
  expect((await reader.query('SELECT FROM goods')).rowCount).toBe(2)
})

it('sleeps as a whole where somebody says so, and wakes as a whole', async () => {
  await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
  await expect.poll(async () => (await members()).map(({ state }) => state)).toEqual(['idle', 'idle'])
  await using reader = await connect(`${uid}-ro`)
  expect((await reader.query('SELECT FROM goods')).rowCount).toBe(2)
  await isWhole()
})

it('comes back whole after a kill of the workspace, with the primary that ran on', async () => {
  expectInLog(/stopped a Postgres of an earlier run/)
  const pid = await branchPid()
  await workspace.stop('SIGKILL')
  workspace = await startTestWorkspace({ directory })
  await isWhole()
  expect(await branchPid()).toBe(pid)
  await using reader = await connect(`${uid}-ro`)
  expect((await reader.query('SELECT FROM goods')).rowCount).toBe(2)
})

it('leaves nothing of its secondaries when it is one compute again', async () => {
  await update({ group: { min: 1, max: 1 } }, 'spec.group.min,spec.group.max')
  expect(filesOf(1)).toBe(false)
  expect(await stateOf()).toBe('ACTIVE steady')
  expect((await endpoint()).status.hosts.read_only_host).toBeUndefined()
  await expect(connect(`${uid}-ro`)).rejects.toThrow(/endpoint/)
})
