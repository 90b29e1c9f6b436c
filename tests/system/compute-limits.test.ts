// How many computes run at once: as many as there is memory for, as many of a project as its limit says, and none that nobody asked for.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  branchRoutes,
  computeControlRoutes,
  credentialRoutes,
  endpointRoutes,
  overviewRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runsIn } from '../hostile/footprint.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-limits-'))

beforeAll(async () => {
  workspace = await startTestWorkspace({
    directory,
    env: {
      LAKELET_COMPUTES_MEMORY_MEGABYTES: '250',
      LAKELET_COMPUTES_WAIT_SECONDS: '6',
      LAKELET_COMPUTES_ACTIVE_PER_PROJECT: '1',
    },
  })
  await workspace.cli([
    'postgres',
    'create-project',
    'shop',
    '--json',
    '{"spec": {"enable_pg_native_login": true}}',
  ])
  for (const id of ['one', 'two'])
    await workspace.cli([
      'postgres',
      'create-branch',
      'projects/shop',
      id,
      '--json',
      '{"spec": {"no_expiry": true}}',
    ])
  await workspace.cli(['postgres', 'create-project', 'other', '--json', '{"spec": {}}'])
  // Making a project wakes it.
  for (const project of ['shop', 'other']) await call('suspend', at(project))
})
afterAll(async () => {
  await workspace.stop()
  await rm(directory, { recursive: true, force: true })
})

const at = (project: string, branch = 'production') => ({ project, branch, endpoint: 'primary' })
const call = (action: 'wake' | 'suspend', params: ReturnType<typeof at>) =>
  workspace.client.call(computeControlRoutes[action], { params, body: {} })
const statusOf = async (params: ReturnType<typeof at>) =>
  (await workspace.client.call(endpointRoutes.getEndpoint, { params })).status
const postgres = () => runsIn(workspace.dataDir).filter(({ command }) => command.includes('postgres'))

it('refuses what is beyond the limit of a project, its default branch not counted', async () => {
  await call('wake', at('shop', 'one'))
  await expect(call('wake', at('shop', 'two'))).rejects.toMatchObject({
    errorCode: 'QUOTA_EXCEEDED',
    message: expect.stringContaining('active endpoints limit exceeded') as string,
  })
  await call('wake', at('shop'))
})

it('has a start wait for memory until something sleeps, and says why when nothing does', async () => {
  const { user, caFile } = workspace
  const endpoint = 'projects/other/branches/production/endpoints/primary'
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const connect = async () => {
    const ssl = { ca: await readFile(caFile, 'utf8') }
    const client = new Client({
      ...workspace.postgres,
      user,
      password: token,
      database: 'databricks_postgres',
      options: `endpoint=${endpoint}`,
      ssl,
    })
    await client.connect()
    return client
  }
  await expect(connect()).rejects.toMatchObject({
    code: '57P03',
    message: expect.stringContaining('no memory for one more compute. 2 are awake') as string,
  })
  expect(await workspace.cli(['status'])).toMatch(/Computes +2 awake, \d+ of 250 MB/)
  expect((await statusOf(at('other'))).current_state).toBe('IDLE')
  const waiting = connect()
  await expect.poll(async () => (await statusOf(at('other'))).pending_state).toBe('ACTIVE')
  expect((await workspace.client.call(overviewRoutes.getSession, {})).computes.waiting).toBe(1)
  await call('suspend', at('shop'))
  await (await waiting).end()
})

it('is restarted after a crash by itself, and says that it is degraded meanwhile', async () => {
  expectInLog(/the compute crashed/)
  const { uid: branchUid } = await workspace.client.call(branchRoutes.getBranch, {
    params: { project: 'shop', branch: 'one' },
  })
  const pidFile = `${workspace.dataDir}/branches/${branchUid}/data/postmaster.pid`
  const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0])
  process.kill(pid, 'SIGKILL')
  await expect
    .poll(async () => (await statusOf(at('shop', 'one'))).current_state, { interval: 20 })
    .toBe('DEGRADED')
  const activity = await workspace.client.call(endpointRoutes.getActivity, { params: at('shop', 'one') })
  expect(activity.last_error).toMatch(/Postgres ended by itself/)
  await expect
    .poll(async () => (await statusOf(at('shop', 'one'))).current_state, { timeout: 10_000 })
    .toBe('ACTIVE')
})

it('starts nothing by itself when the workspace starts again', async () => {
  await workspace.cli([
    'postgres',
    'update-endpoint',
    'projects/other/branches/production/endpoints/primary',
    'spec.no_suspension',
    '--json',
    '{"spec": {"no_suspension": true}}',
  ])
  await workspace.stop()
  expect(postgres()).toEqual([])
  workspace = await startTestWorkspace({ directory })
  expect((await statusOf(at('other'))).current_state).toBe('IDLE')
  expect(postgres()).toEqual([])
})
