// Apps in a whole workspace: what a token opens, what reading touches, and what goes with a deleted app.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'

let directory: string
let workspace: TestWorkspace
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-hostile-apps-'))
  workspace = await startTestWorkspace({ directory })
  const made = await call('POST', '/api/2.0/postgres/projects?project_id=hostile', { spec: {} })
  await until(async () => (await call('GET', `/api/2.0/postgres/${made.body.name}`)).body.done === true)
})
afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const BRANCH = '/api/2.0/postgres/projects/hostile/branches/production'
const RESOURCES = [
  {
    name: 'postgres',
    postgres: {
      branch: 'projects/hostile/branches/production',
      database: 'databricks_postgres',
      permission: 'CAN_CONNECT_AND_CREATE',
    },
  },
]

interface Answer {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- each test reads other fields of other replies
  readonly body: any
}

async function call(method: string, url: string, json?: unknown, token = workspace.token): Promise<Answer> {
  const reply = await fetch(url.startsWith('http') ? url : workspace.host + url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await reply.text()
  return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}

async function until(check: () => Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await delay(100)) if (await check()) return
  throw new Error('it never happened')
}

async function createApp(name: string): Promise<Answer['body']> {
  const { status, body } = await call('POST', '/api/2.0/apps', { name, resources: RESOURCES })
  expect([status, body.message]).toEqual([200, undefined])
  return body
}

async function endpointState(): Promise<string> {
  const { body } = await call('GET', `${BRANCH}/endpoints`)
  return body.endpoints[0].status.current_state
}

it('opens the address of an app only for tokens that are for apps', async () => {
  const app = await createApp('scoped')
  const tokenWith = async (scopes: string[]) => {
    const { body } = await call('POST', '/api/2.0/token/create', {
      comment: 'x',
      lifetime_seconds: 600,
      scopes,
    })
    return body.token_value as string
  }
  expect((await call('GET', app.url, undefined, await tokenWith(['postgres']))).status).toBe(403)
  expect((await call('GET', app.url, undefined, await tokenWith(['apps']))).status).toBe(503)
  expect((await call('GET', app.url)).status).toBe(503)
})

it('keeps the service principal of an app as long as the app', async () => {
  const app = await createApp('owner')
  const principal = `/api/2.0/preview/scim/v2/ServicePrincipals/${app.service_principal_id}`
  const refused = await call('DELETE', principal)
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('app owner')])
  await call('DELETE', '/api/2.0/apps/owner')
  await until(async () => (await call('GET', principal)).status === 404)
})

it('drops the role of a deleted app, and gives what it owned to the owner of the database', async () => {
  const app = await createApp('dropped')
  const client = app.service_principal_client_id
  expect(JSON.stringify((await call('GET', `${BRANCH}/roles`)).body)).toContain(client)
  await call('DELETE', '/api/2.0/apps/dropped')
  await until(async () => (await call('GET', '/api/2.0/apps/dropped')).status === 404)
  expect(JSON.stringify((await call('GET', `${BRANCH}/roles`)).body)).not.toContain(client)
})

it('wakes nothing for an app that starts with the workspace, and for who only looks', async () => {
  const { status, body: made } = await call('POST', '/api/2.0/apps?template=node-hello-world', {
    name: 'looked-at',
    resources: RESOURCES,
  })
  expect(status).toBe(200)
  const deployments = '/api/2.0/apps/looked-at/deployments'
  const begun = await call('POST', deployments, { source_code_path: made.default_source_code_path })
  const deployment = `${deployments}/${begun.body.deployment_id}`
  await until(async () => (await call('GET', deployment)).body.status.state !== 'IN_PROGRESS')
  expect((await call('GET', deployment)).body.status.state).toBe('SUCCEEDED')
  await workspace.stop()
  workspace = await startTestWorkspace({ directory })
  const { url } = (await call('GET', '/api/2.0/apps/looked-at')).body
  expect((await call('GET', url)).body).toMatchObject({ app: 'looked-at' })
  for (const what of ['', '/deployments', '/update'])
    expect((await call('GET', `/api/2.0/apps/looked-at${what}`)).status).toBe(200)
  const { body } = await call('GET', '/api/2.0/lakelet/apps/looked-at/environment')
  const valueOf = (name: string) => body.variables.find((each: { name: string }) => each.name === name)?.value
  expect([valueOf('PGDATABASE'), valueOf('DATABRICKS_CLIENT_SECRET')]).toEqual([
    'databricks_postgres',
    '********',
  ])
  expect(await endpointState()).toBe('IDLE')
})
