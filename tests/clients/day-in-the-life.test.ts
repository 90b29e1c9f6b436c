// A day of a bundle: a project, an endpoint, a role and an app are made by the calls of the official tool, changed, deployed again
// unchanged, and destroyed.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { ask, finished } from './workspace-objects.ts'
import { expectInLog } from '../guards/log-guard.ts'

const BRANCH = '/api/2.0/postgres/projects/daily/branches/production'
const APP = '/api/2.0/apps/daily-app'
const FIELDS =
  'description,budget_policy_id,usage_policy_id,resources,user_api_scopes,compute_size,compute_min_instances,compute_max_instances,git_repository,telemetry_export_destinations'

interface Operation {
  readonly name: string
  readonly done: boolean
}

interface App {
  readonly url: string
  readonly description: string
  readonly resources: readonly object[]
  readonly compute_status: { readonly state: string; readonly message: string }
  readonly active_deployment?: { readonly deployment_id: string; readonly env_vars?: unknown }
}

let workspace: TestWorkspace
let folder: string

beforeAll(async () => {
  workspace = await startTestWorkspace()
  folder = `/Workspace/Users/${workspace.user}/.bundle/daily/dev/files/app`
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

const call = <T>(method: string, path: string, body?: object) => ask<T>(workspace, method, path, body)
const changed = async (method: string, path: string, body?: object) =>
  finished(workspace, await call<Operation>(method, path, body))

async function upload(name: string, text: string): Promise<void> {
  const path = encodeURIComponent(`${folder}/${name}`.slice(1))
  const url = `${workspace.host}/api/2.0/workspace-files/import-file/${path}?overwrite=true`
  const headers = { authorization: `Bearer ${workspace.token}` }
  const reply = await fetch(url, { method: 'POST', headers, body: text })
  expect(reply.status).toBe(200)
}

const app = () => call<App>('GET', APP)

async function deploy(greeting: string): Promise<void> {
  const body = {
    source_code_path: folder,
    mode: 'SNAPSHOT',
    command: ['node', 'server.js'],
    env_vars: [
      { name: 'GREETING', value: greeting },
      { name: 'ENDPOINT', value_from: 'postgres' },
      { name: 'API_KEY', value_from: 'key' },
    ],
  }
  const { deployment_id: id } = await call<{ deployment_id: string }>('POST', `${APP}/deployments`, body)
  const state = async () => (await call<{ status: object }>('GET', `${APP}/deployments/${id}`)).status
  await expect.poll(state).toMatchObject({ state: 'SUCCEEDED' })
  expect(await call('GET', `${APP}/deployments/${id}`)).toMatchObject({
    env_vars: [{ name: 'GREETING' }, { name: 'ENDPOINT' }, { name: 'API_KEY' }],
  })
}

async function greeting(): Promise<string> {
  const { url } = await app()
  return (await fetch(url, { headers: { authorization: `Bearer ${workspace.token}` } })).text()
}

it('makes everything and deploys it', async () => {
  await changed('POST', '/api/2.0/postgres/projects?project_id=daily', { spec: { display_name: 'Daily' } })
  const endpoint = {
    endpoint_type: 'ENDPOINT_TYPE_READ_WRITE',
    autoscaling_limit_min_cu: 0.5,
    autoscaling_limit_max_cu: 2,
  }
  await changed('POST', `${BRANCH}/endpoints?endpoint_id=primary&replace_existing=true`, { spec: endpoint })
  const role = { postgres_role: 'reader', identity_type: '', auth_method: '' }
  await changed('POST', `${BRANCH}/roles?role_id=reader`, { spec: role })
  await call('POST', '/api/2.0/workspace/mkdirs', { path: folder })
  const server = `const { GREETING, ENDPOINT, API_KEY, PGUSER, DATABRICKS_APP_PORT } = process.env
    const text = [GREETING, ENDPOINT, API_KEY, PGUSER === process.env.DATABRICKS_CLIENT_ID].join(' ')
    require('node:http').createServer((q, r) => r.end(text)).listen(DATABRICKS_APP_PORT, '127.0.0.1')`
  await upload('server.js', server)
  await call('POST', '/api/2.0/secrets/scopes/create', { scope: 'daily' })
  await call('POST', '/api/2.0/secrets/put', { scope: 'daily', key: 'api', string_value: 's3cret' })
  const resources = [
    { name: 'postgres', postgres: { branch: BRANCH.slice(18), permission: 'CAN_CONNECT_AND_CREATE' } },
    { name: 'key', secret: { scope: 'daily', key: 'api', permission: 'READ' } },
  ]
  await call('POST', '/api/2.0/apps?no_compute=true', { name: 'daily-app', description: 'first', resources })
  await call('PATCH', '/api/2.0/permissions/apps/daily-app', {
    access_control_list: [{ group_name: 'users', permission_level: 'CAN_USE' }],
  })
  await call('POST', `${APP}/start`, {})
  await expect.poll(app).toMatchObject({ compute_status: { state: 'ACTIVE' } })
  await deploy('one')
  expect(await greeting()).toBe(`one ${BRANCH.slice(18)}/endpoints/primary s3cret true`)
})

it('reads back what was sent, so that an unchanged deployment changes nothing', async () => {
  const before = await app()
  expect(before).toMatchObject({
    description: 'first',
    active_deployment: {
      env_vars: [
        { name: 'GREETING', value: 'one' },
        { name: 'ENDPOINT', value_from: 'postgres' },
        { name: 'API_KEY', value_from: 'key' },
      ],
    },
  })
  const acls = await call<{ items: object[] }>('GET', '/api/2.0/secrets/acls/list?scope=daily')
  expect(acls.items).toEqual([{ principal: workspace.user, permission: 'MANAGE' }])
  const variables = await call<{ variables: object[] }>('GET', '/api/2.0/lakelet/apps/daily-app/environment')
  expect(variables.variables).toContainEqual(
    expect.objectContaining({ name: 'API_KEY', value: '********', source: 'deployment' }),
  )
  expect(before).not.toHaveProperty('budget_policy_id')
  const endpoint = await call('GET', `${BRANCH}/endpoints/primary`)
  expect(endpoint).toMatchObject({ status: { autoscaling_limit_min_cu: 0.5, autoscaling_limit_max_cu: 2 } })
  expect(await app()).toEqual(before)
})

it('is changed, by masks that name every field', async () => {
  await call('POST', `${APP}/update`, {
    app: { name: 'daily-app', description: 'second', resources: (await app()).resources },
    update_mask: FIELDS,
  })
  await changed('PATCH', `${BRANCH}/endpoints/primary?update_mask=spec.autoscaling_limit_max_cu`, {
    spec: { autoscaling_limit_max_cu: 4, endpoint_type: '' },
  })
  await deploy('two')
  expect(await greeting()).toBe(`two ${BRANCH.slice(18)}/endpoints/primary s3cret true`)
  expect(await app()).toMatchObject({ description: 'second' })
  const level = await call('GET', '/api/2.0/permissions/apps/daily-app')
  expect(level).toMatchObject({
    access_control_list: expect.arrayContaining([expect.objectContaining({ group_name: 'users' })]) as object,
  })
})

it('is stopped and destroyed', async () => {
  // Its project goes at the same time.
  expectInLog(/a resource of an app could not be taken away/)
  const stopped = await call<App>('POST', `${APP}/stop`, {})
  await expect.poll(app).toMatchObject({
    compute_status: { state: 'STOPPED', message: 'Start the app compute to deploy the app.' },
  })
  expect(stopped).not.toHaveProperty('active_deployment')
  await call('DELETE', APP)
  await call('POST', '/api/2.0/secrets/scopes/delete', { scope: 'daily' })
  await changed('DELETE', `${BRANCH}/roles/reader`)
  await changed('DELETE', '/api/2.0/postgres/projects/daily?purge=true')
  await call('POST', '/api/2.0/workspace/delete', {
    path: `/Workspace/Users/${workspace.user}/.bundle`,
    recursive: true,
  })
  const end = () => app().then(() => 'there', String)
  await expect.poll(end).toMatch('404')
  await expect(call('GET', '/api/2.0/postgres/projects/daily')).rejects.toThrow('404')
})
