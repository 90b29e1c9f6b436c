// What a deployment is asked for beside its source: a health check, the source to follow, an earlier one to go back to; and what an app is
// given beside a database.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'

let api: AppsApi
beforeAll(async () => {
  api = await startAppsApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const APPS = '/api/2.0/apps'
const node = process.execPath

/** A server that says `text` at `/` and is healthy at `/health` when it says so. */
function files(text: string, health = 200): Record<string, string> {
  const server = `require('node:http').createServer((request, reply) => {
  if (request.url === '/health') reply.statusCode = ${health}
  reply.end(request.url === '/token' ? String(request.headers['x-forwarded-access-token']) : '${text} ' + process.env.WAREHOUSE)
}).listen(process.env.DATABRICKS_APP_PORT, '127.0.0.1')`
  return { 'app.yaml': `command: ['${node}', 'a.js']`, 'a.js': server }
}

async function create(name: string, more: object = {}): Promise<string> {
  const { status, body } = await api.call('POST', APPS, { name, ...more })
  expect(status, body.message).toBe(200)
  return body.url
}

async function deploy(name: string, source: Record<string, string>, more: object = {}) {
  await api.upload(`/Shared/${name}`, source)
  return api.deploy(name, { source_code_path: `/Workspace/Shared/${name}`, ...more })
}

it('serves a new version when its health check passes, and goes back to earlier ones', async () => {
  const url = await create('healthy')
  const check = { health_check: { path: '/health', timeout: '1.5s' } }
  const first = await deploy('healthy', files('one'), check)
  expect(first).toMatchObject({ status: { state: 'SUCCEEDED' }, ...check })
  expect(await deploy('healthy', files('two'), check)).toMatchObject({ status: { state: 'SUCCEEDED' } })
  const ill = await deploy('healthy', files('ill', 503), check)
  expect(ill.status.state).toBe('FAILED')
  expect(ill.status.message).toContain('GET /health answered 503 for 1.5 s')
  expect((await visit(url)).text).toContain('two')
  const back = await api.call('POST', rollback('healthy', first.deployment_id), {})
  expect(back).toMatchObject({ status: 200, body: { ...check, status: { state: 'IN_PROGRESS' } } })
  await expect.poll(async () => (await visit(url)).text).toContain('one')
  await settled('healthy')
  const refused = await api.call('POST', rollback('healthy', ill.deployment_id), {})
  expect(refused.body).toMatchObject({ error_code: 'INVALID_STATE' })
  expect(refused.body.message).toContain('it did not succeed')
  expect(refused.body.message).toContain(first.deployment_id)
})

it.each([{ path: 'health' }, { path: '/', timeout: '0s' }, { path: '/a b' }, { path: '/', timeout: '1m' }])(
  'refuses the health check %j',
  async (health_check) => {
    await api.call('POST', APPS, { name: 'unchecked' })
    const reply = await api.call('POST', `${APPS}/unchecked/deployments`, {
      source_code_path: '/Shared',
      health_check,
    })
    expect(reply.body).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' })
  },
)

it('follows its source where it is deployed so, and does not try a broken one twice', async () => {
  const url = await create('following')
  await deploy('following', files('one'), { mode: 'AUTO_SYNC' })
  await quiet()
  expect(await states('following')).toEqual(['SUCCEEDED'])
  await api.upload('/Shared/following', files('two'))
  await quiet()
  await expect.poll(async () => (await visit(url)).text).toContain('two')
  await settled('following')
  await api.upload('/Shared/following', { 'a.js': 'throw new Error("broken")' })
  await quiet()
  await settled('following')
  await quiet()
  expect(await states('following')).toEqual(['FAILED', 'SUCCEEDED', 'SUCCEEDED'])
  expect((await visit(url)).text).toContain('two')
})

it('keeps resources that no workspace has, and says what to set in their place', async () => {
  const resources = [
    { name: 'peer', app: { name: 'healthy', permission: 'CAN_USE' } },
    { name: 'wh', sql_warehouse: { id: '1', permission: 'CAN_USE' } },
  ]
  const url = await create('wanting', { resources })
  expect((await api.call('GET', `${APPS}/wanting`)).body).toMatchObject({ resources })
  const yaml = `command: ['${node}', 'a.js']
env: [{ name: WAREHOUSE, valueFrom: wh }, { name: PEER, valueFrom: peer }]`
  const source = { ...files('one'), 'app.yaml': yaml }
  const refused = await deploy('wanting', source)
  expect(refused.status.message).toContain("Set WAREHOUSE in the deployment's env_vars")
  const env_vars = [{ name: 'WAREHOUSE', value: 'none' }]
  expect(await deploy('wanting', source, { env_vars })).toMatchObject({ status: { state: 'SUCCEEDED' } })
  expect((await visit(url)).text).toContain('one none')
  const { body } = await api.call('GET', '/api/2.0/lakelet/apps/wanting/environment')
  expect(body.variables).toContainEqual({ name: 'PEER', value: 'healthy', source: 'app.yaml' })
})

it('gives an app a token of its visitor for the scopes that it asks for, and for no others', async () => {
  const url = await create('acting')
  await deploy('acting', files('one'))
  const asVisitor = { authorization: 'Bearer ann@example.com', 'x-forwarded-access-token': 'spoofed' }
  const seen = async () => (await visit(`${url}/token`, { headers: asVisitor })).text
  expect(await seen()).toBe('undefined')
  await api.call('PATCH', `${APPS}/acting`, { user_api_scopes: ['postgres'] })
  expect(await seen()).toBe(
    'token of ann@example.com for postgres iam.current-user:read iam.access-control:read',
  )
})

it('keeps a picture of an app', async () => {
  await create('pictured')
  const picture = Buffer.from('\u0089PNG\r\n\u001a\n and more', 'latin1').toString('base64')
  const url = `${APPS}/pictured/thumbnail`
  const refused = await api.call('PATCH', url, { app_thumbnail: { thumbnail: 'aGVsbG8=' } })
  expect(refused.body).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' })
  const set = await api.call('PATCH', url, { app_thumbnail: { thumbnail: picture } })
  expect(set).toMatchObject({ status: 200, body: { thumbnail: picture } })
  const shown = '/api/2.0/lakelet/apps/pictured/thumbnail'
  const { body } = await api.call('GET', `${APPS}/pictured`)
  expect(body).toMatchObject({ thumbnail_url: `http://workspace.test${shown}` })
  expect(await api.bytes(shown)).toBe(picture)
  expect((await api.call('DELETE', url)).status).toBe(200)
  expect((await api.call('GET', shown)).status).toBe(404)
})

it('lists the templates of the workspace', async () => {
  const { body } = await api.call('GET', '/api/2.0/lakelet/app-templates')
  expect(body.templates.map((each) => each.name)).toContain('notes-node')
})

function rollback(name: string, id: string): string {
  return `/api/2.0/lakelet/apps/${name}/deployments/${id}/rollback`
}

async function states(name: string): Promise<string[]> {
  const { body } = await api.call('GET', `${APPS}/${name}/deployments`)
  return body.app_deployments.map((each) => each.status.state)
}

async function settled(name: string): Promise<void> {
  await expect.poll(() => states(name), { timeout: 20_000 }).not.toContain('IN_PROGRESS')
}

/** Rounds until one found nothing changed since the one before. */
async function quiet(): Promise<void> {
  await api.syncApps()
  await api.syncApps()
}
