// @databricks/sdk-experimental: ways to sign in, paging, waiters, and errors in the form that its parser accepts.
import assert from 'node:assert/strict'
import { ApiError, WorkspaceClient } from '@databricks/sdk-experimental'
import { check, errorOf, runAll } from './checks.mjs'

const { DATABRICKS_HOST: host, OWNER_TOKEN: token, OWNER: owner } = process.env
const personal = new WorkspaceClient({ host, token, authType: 'pat' })
const machine = new WorkspaceClient({
  host,
  clientId: process.env.DATABRICKS_CLIENT_ID,
  clientSecret: process.env.DATABRICKS_CLIENT_SECRET,
  authType: 'oauth-m2m',
})

function request(client, method, path, payload, query) {
  const headers = new Headers({ Accept: 'application/json', 'Content-Type': 'application/json' })
  return client.apiClient.request({ path, method, headers, raw: false, payload, query })
}

async function listAll(items) {
  const all = []
  for await (const item of items) all.push(item)
  return all
}

async function firstOf(items, count) {
  const first = []
  for await (const item of items) if (first.push(item) === count) break
  return first
}

async function expectApiError(work, statusCode, errorCode, message) {
  const error = await errorOf(work)
  assert.ok(error instanceof ApiError, `${error.constructor.name}: ${error.message}`)
  assert.equal(error.statusCode, statusCode)
  assert.equal(error.errorCode, errorCode)
  assert.match(error.message, message)
  return error
}

check('a personal access token signs in', async () => {
  assert.equal((await personal.currentUser.me()).userName, owner)
})

check('a client secret signs in', async () => {
  assert.equal((await machine.currentUser.me()).userName, process.env.DATABRICKS_CLIENT_ID)
})

check('everything comes from the environment when the client is given nothing', async () => {
  assert.equal((await new WorkspaceClient({}).currentUser.me()).userName, process.env.DATABRICKS_CLIENT_ID)
})

check('the id of the workspace comes in a header', async () => {
  const id = await personal.apiClient.request({
    path: '/api/2.0/preview/scim/v2/Me',
    method: 'GET',
    headers: new Headers(),
    responseHeaders: ['x-databricks-org-id'],
    raw: false,
  })
  assert.match(id['x-databricks-org-id'], /^\d+$/)
})

check('a wrong token is UNAUTHENTICATED', () => {
  const stranger = new WorkspaceClient({ host, token: 'dapi0000', authType: 'pat' })
  return expectApiError(() => stranger.currentUser.me(), 401, 'UNAUTHENTICATED', /./)
})

check('a wrong secret names invalid_client', async () => {
  const stranger = new WorkspaceClient({ host, clientId: 'nobody', clientSecret: 'x', authType: 'oauth-m2m' })
  assert.match(String((await errorOf(() => stranger.currentUser.me())).message), /invalid_client|401/)
})

check('a missing project is NOT_FOUND, an existing one ALREADY_EXISTS', async () => {
  await expectApiError(
    () => request(personal, 'GET', '/api/2.0/postgres/projects/none'),
    404,
    'NOT_FOUND',
    /project id not found/,
  )
  await expectApiError(
    () => request(personal, 'POST', '/api/2.0/postgres/projects', {}, { project_id: 'js' }),
    409,
    'ALREADY_EXISTS',
    /project with such id already exists in the workspace/,
  )
})

check('an error with details still parses, and its ErrorInfo has metadata', async () => {
  const error = await expectApiError(
    () => request(personal, 'DELETE', '/api/2.0/postgres/projects/js/branches/production'),
    400,
    'BAD_REQUEST',
    /Cannot delete root branch/,
  )
  const [info] = error.getErrorInfo()
  assert.equal(info.reason, 'RESOURCE_CONFLICT')
  assert.equal(info.metadata.get('declarative_context'), 'MANAGED_BY_PARENT')
})

check('an unknown path is ENDPOINT_NOT_FOUND', () =>
  expectApiError(
    () => request(personal, 'GET', '/api/2.0/no-such-api'),
    404,
    'ENDPOINT_NOT_FOUND',
    /No API found/,
  ),
)

check('a body that is not understood is a typed 400', () =>
  expectApiError(
    () => request(personal, 'POST', '/api/2.0/postgres/credentials', { endpoint: 7 }),
    400,
    'INVALID_PARAMETER_VALUE',
    /endpoint/,
  ),
)

check('projects are created, polled and deleted through plain requests', async () => {
  const spec = { display_name: 'Two' }
  const started = await request(
    personal,
    'POST',
    '/api/2.0/postgres/projects',
    { spec },
    { project_id: 'js-two' },
  )
  let operation = started
  while (!operation.done) {
    operation = await request(personal, 'GET', `/api/2.0/postgres/${started.name}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  assert.equal(operation.response.status.display_name, 'Two')
  const deleted = await request(personal, 'DELETE', '/api/2.0/postgres/projects/js-two', undefined, {
    purge: true,
  })
  assert.match(deleted.name, /^projects\/js-two\/operations\//)
})

// The SDK asks for the same page of principals for ever, so only the first items are looked at.
check('users, groups and service principals are listed, with filters', async () => {
  const [user] = await firstOf(personal.usersV2.list({ filter: `userName eq "${owner}"` }), 1)
  assert.equal(user.userName, owner)
  const groups = await firstOf(personal.groupsV2.list({ attributes: 'id,displayName' }), 2)
  assert.ok(groups.some((group) => group.displayName === 'admins'))
  const filter = `applicationId eq "${process.env.DATABRICKS_CLIENT_ID}"`
  const [principal] = await firstOf(personal.servicePrincipalsV2.list({ filter }), 1)
  assert.equal(principal.applicationId, process.env.DATABRICKS_CLIENT_ID)
})

check('tokens are created, listed and revoked', async () => {
  const created = await personal.tokens.create({ comment: 'from JS', lifetime_seconds: 60 })
  const mine = new WorkspaceClient({ host, token: created.token_value, authType: 'pat' })
  assert.equal((await mine.currentUser.me()).userName, owner)
  const listed = await listAll(personal.tokens.list())
  assert.ok(listed.some((each) => each.token_id === created.token_info.token_id))
  await personal.tokens.delete({ token_id: created.token_info.token_id })
  await expectApiError(() => mine.currentUser.me(), 401, 'UNAUTHENTICATED', /./)
})

check('workspace files are imported, listed, exported and deleted', async () => {
  const folder = `/Users/${owner}/js`
  await personal.workspace.mkdirs({ path: folder })
  const content = Buffer.from('hello').toString('base64')
  const path = `${folder}/hello.txt`
  await personal.workspace.import({ path, content, format: 'AUTO', overwrite: true })
  const listed = await listAll(personal.workspace.list({ path: folder }))
  assert.deepEqual(
    listed.map((item) => item.path),
    [path],
  )
  assert.equal((await personal.workspace.getStatus({ path })).object_type, 'FILE')
  const exported = await personal.workspace.export({ path, format: 'AUTO' })
  assert.equal(Buffer.from(exported.content, 'base64').toString(), 'hello')
  await personal.workspace.delete({ path: folder, recursive: true })
  await expectApiError(
    () => personal.workspace.getStatus({ path }),
    404,
    'RESOURCE_DOES_NOT_EXIST',
    /doesn't exist/,
  )
})

check('an app is created and deleted with the waiter of the SDK', async () => {
  const waiter = await personal.apps.create({ app: { name: 'js-app', description: 'from JS' } })
  const app = await waiter.wait()
  assert.equal(app.compute_status.state, 'ACTIVE')
  assert.ok((await listAll(personal.apps.list({}))).some((each) => each.name === 'js-app'))
  await expectApiError(
    () => personal.apps.create({ app: { name: 'js-app' } }),
    409,
    'RESOURCE_ALREADY_EXISTS',
    /An app with the same name already exists/,
  )
  await personal.apps.delete({ name: 'js-app' })
})

await runAll()
