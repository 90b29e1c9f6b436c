// The calls that each command of the official CLI makes, in its order and with its headers, so that the real binary works here.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OWNER, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { type Call, CliClient, type Json } from './cli-client.ts'
import { postgresCalls } from './cli-postgres-calls.ts'
import { createProject, createRobot } from './workspace-objects.ts'

const run = promisify(execFile)

/** The owner's folder. */
const HOME = `/Workspace/Users/${OWNER}`

let workspace: TestWorkspace
let workspaceId: string
/** Signed in by `auth login`, as in the tests below in their order. */
let cli: CliClient

beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

interface Tokens {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token: string
}

describe('auth login', () => {
  let tokens: Tokens
  let tokenEndpoint: string

  it('host metadata: an OAuth root and a numeric workspace id, no account', async () => {
    const reply = await fetch(`${workspace.host}/.well-known/databricks-config`)
    const metadata = (await reply.json()) as Json
    expect(metadata['oidc_endpoint']).toBe(`${workspace.host}/oidc`)
    expect(metadata['workspace_id']).toMatch(/^\d+$/)
    expect(metadata).not.toHaveProperty('account_id')
    workspaceId = String(metadata['workspace_id'])
  })

  it('discovery, a click in the browser, PKCE: tokens', async () => {
    const discovery = await fetch(`${workspace.host}/oidc/.well-known/oauth-authorization-server`)
    const endpoints = (await discovery.json()) as Json
    tokenEndpoint = String(endpoints['token_endpoint'])
    expect(tokenEndpoint).toBe(`${workspace.host}/oidc/v1/token`)
    const verifier = randomBytes(64).toString('base64url')
    const redirect = 'http://localhost:8021'
    const page = new URL(String(endpoints['authorization_endpoint']))
    page.search = new URLSearchParams({
      client_id: 'databricks-cli',
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'offline_access all-apis',
      state: 'a-state',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    const landed = await allow(page.href, await signedInBrowser())
    expect(`${landed.origin}${landed.pathname}`).toBe(`${redirect}/`)
    expect(landed.searchParams.get('state')).toBe('a-state')
    tokens = await askForTokens({
      grant_type: 'authorization_code',
      code: landed.searchParams.get('code') ?? '',
      redirect_uri: redirect,
      client_id: 'databricks-cli',
      code_verifier: verifier,
    })
    expect(tokens).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) as string })
    expect(tokens.expires_in).toBeGreaterThan(300)
    cli = new CliClient(workspace, tokens.access_token, workspaceId)
  })

  it('auth token: refreshes with the client id in the form', async () => {
    const refreshed = await askForTokens({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      client_id: 'databricks-cli',
    })
    expect(refreshed.access_token).not.toBe(tokens.access_token)
    cli = new CliClient(workspace, refreshed.access_token, workspaceId)
  })

  it('a refresh token that ended has the words that the CLI knows', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: 'gone', client_id: 'databricks-cli' }
    const reply = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error_description: 'Refresh token is invalid' })
  })

  it('auth profiles and auth describe: who am I', async () => {
    const path = '/api/2.0/preview/scim/v2/Me'
    const me = await cli.send({ command: 'auth profiles', method: 'GET', path })
    expect(me).toMatchObject({ userName: OWNER, active: true, emails: [{ value: OWNER }] })
  })

  it('login without a host asks which workspace the token is of', async () => {
    const introspection = { principal_context: { authentication_scope: expect.any(Object) as object } }
    await cli.send({
      command: 'auth login',
      method: 'GET',
      path: '/api/2.0/tokens/introspect',
      reply: introspection,
    })
  })

  it('M2M with the halves of Basic escaped by Go, in each order of parameters', async () => {
    const robot = await createRobot(workspace, { project: 'machines', name: 'robot' })
    const escape = (half: string) => encodeURIComponent(half).replaceAll('-', '%2D')
    for (const [id, secret] of [
      [robot.clientId, robot.secret],
      [escape(robot.clientId), escape(robot.secret)],
    ] as const) {
      const basic = Buffer.from(`${id}:${secret}`).toString('base64')
      const form = new URLSearchParams({ scope: 'all-apis', grant_type: 'client_credentials' })
      const headers = { authorization: `Basic ${basic}` }
      const reply = await fetch(tokenEndpoint, { method: 'POST', headers, body: form })
      expect(await reply.json()).toMatchObject({ token_type: 'Bearer', scope: 'all-apis' })
    }
  })

  async function askForTokens(form: Readonly<Record<string, string>>): Promise<Tokens> {
    const reply = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
    const body = (await reply.json()) as Tokens
    expect({ status: reply.status, body }).toMatchObject({ status: 200 })
    return body
  }
})

describe('commands of one call each', () => {
  it.for<Call>([
    { command: 'current-user me', method: 'GET', path: '/api/2.0/preview/scim/v2/Me' },
    {
      command: 'telemetry',
      method: 'POST',
      path: '/telemetry-ext',
      body: { uploadTime: 1, items: [], protoLogs: ['{}', '{}'] },
      reply: { errors: [], numProtoSuccess: 2 },
    },
    { command: 'clusters list', method: 'GET', path: '/api/2.1/clusters/list' },
    { command: 'warehouses list', method: 'GET', path: '/api/2.0/sql/warehouses' },
    { command: 'psql (picker)', method: 'GET', path: '/api/2.0/database/instances' },
    {
      command: 'api get /api/2.0/nothing',
      method: 'GET',
      path: '/api/2.0/nothing',
      status: 404,
      reply: { error_code: 'ENDPOINT_NOT_FOUND', message: "No API found for 'GET /api/2.0/nothing'" },
    },
    {
      command: 'workspace mkdirs',
      method: 'POST',
      path: '/api/2.0/workspace/mkdirs',
      body: { path: `${HOME}/cli` },
    },
    {
      command: 'workspace get-status',
      method: 'GET',
      path: `/api/2.0/workspace/get-status?path=${encodeURIComponent(`${HOME}/cli`)}`,
      reply: { object_type: 'DIRECTORY', path: `${HOME}/cli` },
    },
    {
      command: 'workspace list (an empty folder)',
      method: 'GET',
      path: `/api/2.0/workspace/list?path=${encodeURIComponent(`${HOME}/cli`)}`,
    },
    {
      command: 'workspace import --format RAW',
      method: 'POST',
      path: '/api/2.0/workspace/import',
      body: { path: `${HOME}/cli/a.txt`, content: Buffer.from('one').toString('base64'), format: 'RAW' },
    },
    {
      command: 'workspace import again',
      method: 'POST',
      path: '/api/2.0/workspace/import',
      body: { path: `${HOME}/cli/a.txt`, content: 'YQ==', format: 'AUTO' },
      status: 400,
      reply: { error_code: 'RESOURCE_ALREADY_EXISTS' },
    },
    {
      command: 'workspace export',
      method: 'GET',
      path: `/api/2.0/workspace/export?format=SOURCE&path=${encodeURIComponent(`${HOME}/cli/a.txt`)}`,
      reply: { content: Buffer.from('one').toString('base64') },
    },
    {
      command: 'workspace delete (a full folder)',
      method: 'POST',
      path: '/api/2.0/workspace/delete',
      body: { path: `${HOME}/cli` },
      status: 400,
      reply: { error_code: 'DIRECTORY_NOT_EMPTY' },
    },
    {
      command: 'workspace delete --recursive',
      method: 'POST',
      path: '/api/2.0/workspace/delete',
      body: { path: `${HOME}/cli`, recursive: true },
    },
    {
      command: 'workspace get-status (gone)',
      method: 'GET',
      path: `/api/2.0/workspace/get-status?path=${encodeURIComponent(`${HOME}/cli`)}`,
      status: 404,
      reply: {
        error_code: 'RESOURCE_DOES_NOT_EXIST',
        message: expect.stringMatching(/doesn't exist/) as string,
      },
    },
  ])('$command', async (call) => {
    const body = await cli.send(call)
    expect(body).toBeDefined()
  })

  it.for(postgresCalls.map((call) => [call.command, call] as const))('%s', async ([, call]) => {
    expect(await cli.send(call)).toBeDefined()
  })
})

describe('files', () => {
  const folder = () => `${HOME}/synced`
  const statusOf = (path: string, more = '') =>
    `/api/2.0/workspace/get-status?path=${encodeURIComponent(path)}${more}`
  /** `url.PathEscape` of the path without its first slash. */
  const importFile = (path: string) =>
    `/api/2.0/workspace-files/import-file/${encodeURIComponent(path.slice(1)).replaceAll('%2B', '+')}`

  it('sync: status, mkdirs, status again, files, deletions', async () => {
    const command = 'sync'
    await cli.send({ command, method: 'GET', path: statusOf(folder()), status: 404 })
    await cli.send({ command, method: 'POST', path: '/api/2.0/workspace/mkdirs', body: { path: folder() } })
    const reply = { object_type: 'DIRECTORY' }
    await cli.send({ command, method: 'GET', path: statusOf(folder()), reply })
    const files = ['app.py', 'a+b c.txt', 'ä.txt', 'notebook.py']
    for (const name of files) {
      const raw = name === 'notebook.py' ? '# Databricks notebook source\n1\n' : `content of ${name}`
      const path = `${importFile(`${folder()}/${name}`)}?overwrite=true`
      await cli.send({ command, method: 'POST', path, raw })
    }
    const listed = await cli.send({
      command,
      method: 'GET',
      path: `/api/2.0/workspace/list?path=${encodeURIComponent(folder())}`,
    })
    const names = (listed['objects'] as Json[]).map(
      (item) => `${String(item['object_type'])} ${String(item['path'])}`,
    )
    expect(names.toSorted()).toEqual(
      [
        `FILE ${folder()}/a+b c.txt`,
        `FILE ${folder()}/app.py`,
        `FILE ${folder()}/ä.txt`,
        `NOTEBOOK ${folder()}/notebook`,
      ].toSorted(),
    )
    const gone = { path: `${folder()}/ä.txt`, recursive: false }
    await cli.send({ command, method: 'POST', path: '/api/2.0/workspace/delete', body: gone })
  })

  it('import-dir: a file that is there is a conflict, a missing parent is not found', async () => {
    const command = 'workspace import-dir'
    const again = `${importFile(`${folder()}/app.py`)}?overwrite=false`
    await cli.send({ command, method: 'POST', path: again, raw: 'x', status: 409 })
    const orphan = `${importFile(`${folder()}/no/such/folder.txt`)}?overwrite=true`
    const message = expect.stringContaining('does not exist') as string
    await cli.send({ command, method: 'POST', path: orphan, raw: 'x', status: 404, reply: { message } })
  })

  it('export-dir: list, status with export information, bytes', async () => {
    const command = 'workspace export-dir'
    const notebook = `${folder()}/notebook`
    await cli.send({
      command,
      method: 'GET',
      path: statusOf(notebook, '&return_export_info=true'),
      reply: { object_type: 'NOTEBOOK', language: 'PYTHON', repos_export_format: 'SOURCE' },
    })
    const exported = (path: string, more: string) =>
      `/api/2.0/workspace/export?path=${encodeURIComponent(path)}&direct_download=true${more}`
    const text = await cli.download({ command, method: 'GET', path: exported(notebook, '&format=SOURCE') })
    expect(text).toMatch(/^# Databricks notebook source\n1/)
    const file = await cli.download({ command, method: 'GET', path: exported(`${folder()}/app.py`, '') })
    expect(file).toBe('content of app.py')
  })
})

describe('apps', () => {
  const base = '/api/2.0/apps'
  const command = 'apps deploy'
  const until = async (path: string, isDone: (reply: Json) => boolean): Promise<Json> => {
    for (let tries = 0; tries < 600; tries++) {
      const reply = await cli.send({ command, method: 'GET', path })
      if (isDone(reply)) return reply
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    throw new Error(`${path} did not get there`)
  }
  const stateOf = (reply: Json, name: string) => (reply[name] as { state: string } | undefined)?.state
  let url: string

  it('apps create: STARTING or ACTIVE at once, then ACTIVE', async () => {
    const created = await cli.send({
      command: 'apps create cli-app',
      method: 'POST',
      path: base,
      body: { name: 'cli-app', description: 'by the CLI' },
      reply: { name: 'cli-app', url: expect.stringMatching(/^https?:\/\//) as string },
    })
    expect(stateOf(created, 'compute_status')).toMatch(/^(STARTING|ACTIVE)$/)
    await until(`${base}/cli-app`, (app) => stateOf(app, 'compute_status') === 'ACTIVE')
    url = String(created['url'])
  })

  it('apps deploy: polls the deployment until SUCCEEDED', async () => {
    const folder = `${HOME}/cli-app`
    await cli.send({ command, method: 'POST', path: '/api/2.0/workspace/mkdirs', body: { path: folder } })
    const server = `console.log('a line for the log')
      require('node:http').createServer((_, reply) => reply.end('hello')).listen(process.env.DATABRICKS_APP_PORT)`
    for (const [name, raw] of [
      ['server.js', server],
      ['app.yaml', 'command: ["node", "server.js"]\n'],
    ] as const) {
      const file = encodeURIComponent(`${folder}/${name}`.slice(1))
      const path = `/api/2.0/workspace-files/import-file/${file}?overwrite=true`
      await cli.send({ command: 'sync', method: 'POST', path, raw })
    }
    const started = await cli.send({
      command,
      method: 'POST',
      path: `${base}/cli-app/deployments`,
      body: { source_code_path: folder, mode: 'SNAPSHOT' },
      reply: { deployment_id: expect.any(String) as string, status: { state: expect.any(String) as string } },
    })
    const path = `${base}/cli-app/deployments/${String(started['deployment_id'])}`
    const ended = await until(path, (reply) => stateOf(reply, 'status') !== 'IN_PROGRESS')
    expect(ended).toMatchObject({ status: { state: 'SUCCEEDED' } })
  })

  it.for<Call>([
    {
      command: 'apps get',
      method: 'GET',
      path: `${base}/cli-app`,
      reply: { active_deployment: { status: {} } },
    },
    { command: 'apps list', method: 'GET', path: base, reply: { apps: [{ compute_status: {} }] } },
    {
      command: 'apps list-deployments',
      method: 'GET',
      path: `${base}/cli-app/deployments`,
      reply: { app_deployments: [{ status: { state: 'SUCCEEDED' } }] },
    },
    {
      command: 'apps update',
      method: 'PATCH',
      path: `${base}/cli-app`,
      body: { description: 'changed' },
      reply: { description: 'changed', compute_status: {} },
    },
    {
      command: 'apps create (the name is taken)',
      method: 'POST',
      path: base,
      body: { name: 'cli-app' },
      status: 409,
      reply: {
        error_code: 'RESOURCE_ALREADY_EXISTS',
        message: 'An app with the same name already exists: cli-app',
      },
    },
    { command: 'apps get (a missing app)', method: 'GET', path: `${base}/missing`, status: 404 },
    {
      command: 'apps create-update',
      method: 'POST',
      path: `${base}/cli-app/update`,
      body: { app: { description: 'updated' }, update_mask: 'description' },
      reply: { status: { state: expect.any(String) as string } },
    },
    {
      command: 'apps get-update',
      method: 'GET',
      path: `${base}/cli-app/update`,
      reply: { status: { state: 'SUCCEEDED' } },
    },
    {
      command: 'apps get-permissions',
      method: 'GET',
      path: '/api/2.0/permissions/apps/cli-app',
      reply: { object_id: '/apps/cli-app', object_type: 'apps' },
    },
    {
      command: 'apps get-permission-levels',
      method: 'GET',
      path: '/api/2.0/permissions/apps/cli-app/permissionLevels',
      reply: { permission_levels: expect.any(Array) as [] },
    },
  ])('$command', async (call) => {
    expect(await cli.send(call)).toBeDefined()
  })

  it('apps logs: a WebSocket that wants a search frame and sends lines of JSON', async () => {
    const { access_token: token } = await robotToken()
    await cli.send({
      command: 'apps update-permissions',
      method: 'PATCH',
      path: '/api/2.0/permissions/apps/cli-app',
      body: { access_control_list: [{ service_principal_name: robotId, permission_level: 'CAN_MANAGE' }] },
    })
    const lines = await readLog(token, 'line for')
    expect(lines).toEqual([
      { source: 'APP', timestamp: expect.any(Number) as number, message: 'a line for the log' },
    ])
  })

  it('apps logs: without a token the handshake is refused', async () => {
    const address = new URL('/logz/stream', url)
    const headers = { connection: 'Upgrade', upgrade: 'websocket' }
    const reply = await fetch(address, { headers, redirect: 'manual' }).catch(() => undefined)
    expect([401, 403, 426, undefined]).toContain(reply?.status)
  })

  it('apps stop, start and delete end in the states that their waiters know', async () => {
    const stop = { command: 'apps stop', method: 'POST', path: `${base}/cli-app/stop`, body: {} } as const
    expect(stateOf(await cli.send(stop), 'compute_status')).toMatch(/^(STOPPING|STOPPED)$/)
    await until(`${base}/cli-app`, (app) => stateOf(app, 'compute_status') === 'STOPPED')
    const start = { command: 'apps start', method: 'POST', path: `${base}/cli-app/start`, body: {} } as const
    expect(stateOf(await cli.send(start), 'compute_status')).toMatch(/^(STARTING|ACTIVE)$/)
    await until(`${base}/cli-app`, (app) => stateOf(app, 'compute_status') === 'ACTIVE')
    const deleted = await cli.send({ command: 'apps delete', method: 'DELETE', path: `${base}/cli-app` })
    expect(deleted).toMatchObject({ name: 'cli-app', compute_status: { state: 'DELETING' } })
  })

  let robotId = ''
  async function robotToken(): Promise<{ access_token: string }> {
    const robot = await createRobot(workspace, { project: 'logs', name: 'reader' })
    robotId = robot.clientId
    const basic = Buffer.from(`${robot.clientId}:${robot.secret}`).toString('base64')
    const reply = await fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
    })
    return (await reply.json()) as { access_token: string }
  }

  async function readLog(token: string, search: string): Promise<unknown[]> {
    const address = new URL('/logz/stream', url)
    address.protocol = address.protocol.replace('http', 'ws')
    const socket = new WebSocket(address, {
      headers: {
        authorization: `Bearer ${token}`,
        origin: new URL(url).origin,
        'user-agent': 'databricks-cli apps logs',
      },
    })
    const lines: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => {
        socket.send(search)
      })
      socket.addEventListener('error', () => {
        reject(new Error('the WebSocket failed'))
      })
      socket.addEventListener('message', ({ data }) => {
        if (data === '\0') return
        lines.push(JSON.parse(String(data)))
        resolve()
      })
    })
    socket.close()
    return lines
  }
})

describe('psql', () => {
  it('finds the only branch and endpoint, gets a credential and runs psql with it', async (context) => {
    const isThere = await run('psql', ['--version']).then(Boolean, () => false)
    if (!isThere) context.skip('needs psql')
    await createProject(workspace, 'sql')
    const command = 'psql'
    const base = '/api/2.0/postgres'
    await cli.send({ command, method: 'GET', path: `${base}/projects/sql`, reply: { name: 'projects/sql' } })
    const branches = await cli.send({ command, method: 'GET', path: `${base}/projects/sql/branches` })
    const [branch] = branches['branches'] as { name: string }[]
    const listed = await cli.send({ command, method: 'GET', path: `${base}/${branch?.name}/endpoints` })
    const [endpoint] = listed['endpoints'] as { name: string; status: Json }[]
    expect(endpoint?.status).toMatchObject({
      current_state: expect.stringMatching(/^(ACTIVE|IDLE)$/) as string,
    })
    const me = await cli.send({ command, method: 'GET', path: '/api/2.0/preview/scim/v2/Me' })
    const credential = await cli.send({
      command,
      method: 'POST',
      path: `${base}/credentials`,
      body: { endpoint: endpoint?.name },
    })
    const hosts = endpoint?.status['hosts'] as { host: string } | undefined
    const args = [
      `--host=${hosts?.host}`,
      `--username=${String(me['userName'])}`,
      `--port=${workspace.postgres.port}`,
      '--dbname=databricks_postgres',
      '--no-psqlrc',
      '--tuples-only',
      '--no-align',
      '--command=SELECT current_user',
    ]
    const env = {
      PATH: process.env['PATH'] ?? '',
      PGPASSWORD: String(credential['token']),
      PGSSLMODE: 'require',
    }
    const { stdout } = await run('psql', args, { env })
    expect(stdout.trim()).toBe(workspace.user)
    const asNobody = args.map((arg) => (arg.startsWith('--username') ? '--username=nobody' : arg))
    const wrong = run('psql', asNobody, { env })
    // The CLI does not try again when it reads these words.
    await expect(wrong).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('authentication failed') as string,
    })
  })
})

/** The cookies of a browser that the owner signed in with a one-time link. */
async function signedInBrowser(): Promise<Map<string, string>> {
  const reply = await fetch(`${workspace.host}/api/2.0/lakelet/sign-in-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${workspace.token}`, 'content-type': 'application/json' },
    body: '{}',
  })
  const { url } = (await reply.json()) as { url: string }
  const cookies = new Map<string, string>()
  const code = new URL(url).searchParams.get('code') ?? ''
  const form = new URLSearchParams({ code, next: '/' })
  await browse(`${workspace.host}/sign-in/link`, cookies, { method: 'POST', body: form })
  return cookies
}

/** Opens the page, presses Allow and gives the address that the browser is sent to in the end. */
async function allow(page: string, cookies: Map<string, string>): Promise<URL> {
  const asked = await follow(page, cookies)
  const csrf = /name="csrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? ''
  const form = new URLSearchParams({ csrf, decision: 'allow' })
  const { address } = await follow(asked.address.href, cookies, { method: 'POST', body: form })
  return address
}

/** Follows redirects within the workspace. */
async function follow(start: string, cookies: Map<string, string>, init: RequestInit = {}) {
  let address = new URL(start)
  let request = init
  while (address.origin === workspace.host) {
    const reply = await browse(address.href, cookies, request)
    const location = reply.headers.get('location')
    if (location === null) return { address, text: await reply.text() }
    address = new URL(location, address)
    request = {}
  }
  return { address, text: '' }
}

async function browse(address: string, cookies: Map<string, string>, init: RequestInit): Promise<Response> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { cookie, origin: workspace.host, 'sec-fetch-site': 'same-origin' }
  const reply = await fetch(address, { ...init, headers, redirect: 'manual' })
  for (const line of reply.headers.getSetCookie()) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
    cookies.set(name, value)
  }
  return reply
}
