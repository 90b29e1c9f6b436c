// How apps live: they are replaced, crash, insist on ports, fail to build or to start, and survive the workspace being killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { freePort } from '../../src/apps/free-port.ts'

let api: AppsApi
beforeAll(async () => {
  api = await startAppsApi()
  // A workspace often lies in the folder of a project of modules, which its apps, of CommonJS here, have nothing to do with.
  await writeFile(path.join(api.directory, 'package.json'), '{ "type": "module" }')
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const node = process.execPath

/** A server that answers with `text`, its pid and what it was given; `/crash` ends it. */
function serverThatSays(text: string, port = 'process.env.DATABRICKS_APP_PORT'): string {
  return `
const http = require('node:http')
http.createServer((request, reply) => {
  if (request.url === '/crash') process.exit(7)
  reply.end(JSON.stringify({ text: ${JSON.stringify(text)}, pid: process.pid, env: process.env }))
}).listen(${port}, '127.0.0.1', () => console.log('serving ' + ${JSON.stringify(text)}))
`
}

interface Said {
  readonly text: string
  readonly pid: number
  readonly env: Readonly<Record<string, string>>
}

async function said(url: string): Promise<Said> {
  const page = await visit(url)
  if (page.status !== 200) throw new Error(`${page.status}: ${page.text}`)
  return JSON.parse(page.text) as Said
}

async function createApp(name: string, files: Readonly<Record<string, string>>, more: object = {}) {
  const { status, body } = await api.call('POST', '/api/2.0/apps', { name, ...more })
  if (status !== 200) throw new Error(body.message)
  await upload(name, files)
  return body.url
}

/** Replaces the app's source. */
async function upload(name: string, files: Readonly<Record<string, string>>) {
  await api.call('POST', '/api/2.0/workspace/delete', { path: `/Shared/${name}`, recursive: true })
  await api.upload(`/Shared/${name}`, files)
}

function deploy(name: string, more: object = {}) {
  return api.deploy(name, { source_code_path: `/Workspace/Shared/${name}`, ...more })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`never happened: ${what}`)
}

describe('a deployment', () => {
  it('replaces the one before, which serves until then and is ended', async () => {
    const url = await createApp('replaced', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('one'),
    })
    expect((await deploy('replaced')).status.state).toBe('SUCCEEDED')
    const one = await said(url)
    expect(one.text).toBe('one')
    await upload('replaced', { 'app.yaml': `command: ${node} a.js`, 'a.js': serverThatSays('two') })
    let failures = 0
    const over = new AbortController()
    const visiting = (async () => {
      while (!over.signal.aborted) {
        if ((await visit(url)).status !== 200) failures += 1
      }
    })()
    expect((await deploy('replaced')).status.state).toBe('SUCCEEDED')
    over.abort()
    await visiting
    expect(failures).toBe(0)
    expect((await said(url)).text).toBe('two')
    await until('the first process is gone', () => !isAlive(one.pid))
  })

  it('that fails to start leaves the one before serving and shows what it wrote', async () => {
    const url = await createApp('kept', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('good'),
    })
    await deploy('kept')
    const before = await said(url)
    await upload('kept', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': "throw new Error('no such luck')",
    })
    const failed = await deploy('kept')
    expect(failed.status).toEqual({ state: 'FAILED', message: expect.stringContaining('no such luck') })
    expect(failed.status.message).toContain('exited with code 1')
    expect(await said(url)).toMatchObject({ text: 'good', pid: before.pid })
    const { body } = await api.call('GET', '/api/2.0/apps/kept')
    expect(body).toMatchObject({
      active_deployment: { status: { state: 'SUCCEEDED' } },
      app_status: { state: 'RUNNING' },
    })
  })

  it('that fails to build shows the end of its log and keeps the whole', async () => {
    await createApp('unbuilt', {
      'package.json': JSON.stringify({
        scripts: { start: 'node a.js', build: 'node -e "console.log(\'half way\'); process.exit(3)"' },
      }),
      'a.js': serverThatSays('never'),
    })
    const failed = await deploy('unbuilt')
    expect(failed.status.state).toBe('FAILED')
    expect(failed.status.message).toContain("'npm run build' exited with code 3")
    expect(failed.status.message).toContain('half way')
    const url = `/api/2.0/lakelet/apps/unbuilt/deployments/${failed.deployment_id}/log`
    expect((await api.call('GET', url)).body.log).toContain('half way')
  })

  it('that fails tells why to those who only use the app, and not what it wrote', async () => {
    await createApp('talks', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': 'console.log(process.env.DATABRICKS_CLIENT_SECRET); process.exit(3)',
    })
    const { deployment_id: id, status } = await deploy('talks')
    expect(status.message).toContain('secret-of-')
    for (const url of ['apps/talks', `apps/talks/deployments/${id}`, 'apps/talks/deployments', 'apps']) {
      const seen = async (as: string) =>
        JSON.stringify((await api.call('GET', `/api/2.0/${url}`, undefined, as)).body)
      expect(await seen('admin'), url).toContain('secret-of-')
      expect(await seen('ann@example.com'), url).not.toContain('secret-of-')
      expect(await seen('ann@example.com'), url).toContain('exited with code 3')
    }
  })

  it.each([
    [
      'a mistake',
      { 'app.yaml': 'command: [node]\nenv:\n  - value: x\n' },
      /^app\.yaml, line 3, column 5: .*no 'name'/,
    ],
    ['no command', { 'readme.md': 'nothing to run' }, /^There is no start command/],
    [
      'an unknown resource',
      { 'app.yaml': 'command: [node]\nenv: [{name: LAKEBASE_ENDPOINT, valueFrom: postgres}]' },
      /^error resolving resource postgres for env LAKEBASE_ENDPOINT/,
    ],
    [
      'an unknown program',
      { 'app.yaml': 'command: [no-such-program, x]' },
      /'no-such-program x' is not a program/,
    ],
  ])('with %s says so', async (_what, files, message) => {
    const name = `bad-${Math.random().toString(36).slice(2, 8)}`
    await createApp(name, files)
    expect((await deploy(name)).status).toEqual({ state: 'FAILED', message: expect.stringMatching(message) })
  })

  it('may bring its own command and variables', async () => {
    const url = await createApp('own-way', {
      'app.yaml': 'command: [false]\nenv: [{name: COLOUR, value: red}, {name: SIZE, value: 3}]',
      'a.js': serverThatSays('mine'),
    })
    const done = await deploy('own-way', {
      command: [node, 'a.js'],
      env_vars: [{ name: 'COLOUR', value: 'blue' }],
    })
    expect(done).toMatchObject({
      status: { state: 'SUCCEEDED' },
      env_vars: [{ name: 'COLOUR' }],
    })
    expect((await said(url)).env).toMatchObject({ COLOUR: 'blue', SIZE: '3' })
  })

  it('is refused while another one runs', async () => {
    await createApp('busy', {
      'package.json': JSON.stringify({
        scripts: { start: 'node a.js', build: 'node -e "setTimeout(() => {}, 1500)"' },
      }),
      'a.js': serverThatSays('slow'),
    })
    const first = deploy('busy')
    await until('the first is on its way', async () => {
      const { body } = await api.call('GET', '/api/2.0/apps/busy')
      return 'pending_deployment' in body
    })
    await expect(deploy('busy')).rejects.toThrow(
      'Cannot deploy app busy as there is an active deployment in progress.',
    )
    expect((await first).status.state).toBe('SUCCEEDED')
  })
})

describe('the environment', () => {
  it('is the contract of the platform, with the database of a resource', async () => {
    const branch = 'projects/my-app-db/branches/production'
    const url = await createApp(
      'informed',
      {
        'app.yaml': `command: ['${node}', 'a.js', '$DATABRICKS_APP_PORT']\nenv: [{name: LAKEBASE_ENDPOINT, valueFrom: postgres}]`,
        'a.js': serverThatSays('env', 'process.argv[2]'),
      },
      { resources: [{ name: 'postgres', postgres: { branch, permission: 'CAN_CONNECT_AND_CREATE' } }] },
    )
    expect((await deploy('informed')).status.message).toBe('Deployment succeeded')
    const { body: app } = await api.call('GET', '/api/2.0/apps/informed')
    const { env } = await said(url)
    expect(env).toMatchObject({
      DATABRICKS_APP_NAME: 'informed',
      DATABRICKS_HOST: 'http://127.0.0.1:1',
      DATABRICKS_WORKSPACE_ID: '42',
      DATABRICKS_CLIENT_ID: app.service_principal_client_id,
      DATABRICKS_CLIENT_SECRET: expect.stringMatching(/^secret-of-/),
      FLASK_RUN_PORT: env['DATABRICKS_APP_PORT'],
      UVICORN_PORT: env['DATABRICKS_APP_PORT'],
      STREAMLIT_SERVER_PORT: env['DATABRICKS_APP_PORT'],
      PGHOST: 'ep-1.database.local',
      PGPORT: '5432',
      PGDATABASE: 'databricks_postgres',
      PGUSER: app.service_principal_client_id,
      PGSSLMODE: 'require',
      PGAPPNAME: 'informed',
      PGSSLROOTCERT: '/nowhere/ca.pem',
      LAKEBASE_ENDPOINT: `${branch}/endpoints/primary`,
      HOME: expect.stringContaining('informed'),
    })
    expect(env).not.toHaveProperty('PGPASSWORD')
    expect(env).not.toHaveProperty('VITEST')
    const shown = await api.call('GET', '/api/2.0/lakelet/apps/informed/environment')
    const secret = shown.body.variables.find((each) => each.name === 'DATABRICKS_CLIENT_SECRET')
    expect(secret).toMatchObject({ value: '********', source: 'platform' })
  })

  it('refuses a resource that does not exist', async () => {
    const resources = [{ name: 'postgres', postgres: { branch: 'projects/nowhere/branches/production' } }]
    await expect(createApp('dreaming', {}, { resources })).rejects.toThrow('no such branch')
    expect((await api.call('GET', '/api/2.0/apps/dreaming')).status).toBe(404)
  })

  it.each([
    [{ resources: [{ name: 'x', crystal_ball: { id: '1' } }] }, 'FEATURE_DISABLED'],
    [{ resources: [{ name: 'x' }] }, 'INVALID_PARAMETER_VALUE'],
    [{ resources: [{ name: 'x', postgres: { branch: 'nonsense' } }] }, 'INVALID_PARAMETER_VALUE'],
  ])('does not pretend to have %j', async (settings, code) => {
    const { body } = await api.call('POST', '/api/2.0/apps', { name: 'pretender', ...settings })
    expect(body).toMatchObject({ error_code: code })
    expect((await api.call('GET', '/api/2.0/apps/pretender')).status).toBe(404)
  })

  it('gives nobody a database that they may not give away', async () => {
    const resources = [{ name: 'postgres', postgres: { branch: 'projects/my-app-db/branches/production' } }]
    const reply = await api.call('POST', '/api/2.0/apps', { name: 'greedy', resources }, 'ann@example.com')
    expect(reply).toMatchObject({ status: 403, body: { error_code: 'PERMISSION_DENIED' } })
  })
})

describe('ports', () => {
  it('are found where the app really listens, and a redeployment waits for them', async () => {
    const port = await freePort('127.0.0.1', 0)
    const url = await createApp('stubborn', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('first', String(port)),
    })
    expect((await deploy('stubborn')).status.message).toBe('Deployment succeeded')
    expect((await said(url)).text).toBe('first')
    await upload('stubborn', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('second', String(port)),
    })
    expect((await deploy('stubborn')).status.message).toBe('Deployment succeeded')
    expect((await said(url)).text).toBe('second')
    // The old one had to go first, so it comes back when the new one fails.
    await upload('stubborn', { 'app.yaml': `command: ['${node}', 'a.js']`, 'a.js': 'process.exit(1)' })
    expect((await deploy('stubborn')).status.state).toBe('FAILED')
    await until('the second one is back', async () => (await visit(url)).status === 200)
    expect((await said(url)).text).toBe('second')
  })

  it('that are taken are named, with who has them', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await createApp('late', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('x', String(port)),
    })
    const { status } = await deploy('late')
    await new Promise((resolve) => taken.close(resolve))
    expect(status.message).toContain(
      `The app insists on port ${port}, which is taken by process ${process.pid} (`,
    )
    expect(status.message).toContain('$DATABRICKS_APP_PORT')
  })
})

describe('a crash', () => {
  it('is answered with a new run', async () => {
    expectInLog(/app ended by itself/)
    const url = await createApp('fragile', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('up'),
    })
    await deploy('fragile')
    const before = await said(url)
    expect((await visit(`${url}/crash`)).status).toBe(502)
    await until('it is crashed', async () => {
      const { body } = await api.call('GET', '/api/2.0/apps/fragile')
      return body.app_status.state === 'CRASHED'
    })
    await until('it is back', async () => (await visit(url)).status === 200)
    expect((await said(url)).pid).not.toBe(before.pid)
    const { body } = await api.call('GET', '/api/2.0/lakelet/apps/fragile/logs')
    expect(body.lines).toContainEqual(
      expect.objectContaining({ source: 'SYSTEM', message: 'The app exited with code 7' }),
    )
    expect(body.lines.filter((line) => line.source === 'APP' && line.message === 'serving up')).toHaveLength(
      2,
    )
  })
})

describe('stop, start and delete', () => {
  it('end and begin the process and say so in the app', async () => {
    const url = await createApp('resting', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('up'),
    })
    await deploy('resting')
    const { pid } = await said(url)
    expect((await api.call('POST', '/api/2.0/apps/resting/stop', {})).body).toMatchObject({
      compute_status: { state: 'STOPPED', message: 'Start the app compute to deploy the app.' },
      app_status: { state: 'UNAVAILABLE' },
    })
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect((await visit(url)).text).toContain('it is stopped')
    expect((await api.call('POST', '/api/2.0/apps/resting/stop', {})).body).toMatchObject({
      error_code: 'INVALID_STATE',
      message: 'Cannot stop app resting because its compute is in STOPPED state.',
    })
    expect((await api.call('POST', '/api/2.0/apps/resting/start', {})).body).toMatchObject({
      compute_status: { state: 'ACTIVE' },
    })
    // A visitor who comes while it starts is held, not sent away.
    expect((await said(url)).text).toBe('up')
    expect((await api.call('DELETE', '/api/2.0/apps/resting')).body).toMatchObject({
      compute_status: { state: 'DELETING' },
    })
    await until('it is gone', async () => (await api.call('GET', '/api/2.0/apps/resting')).status === 404)
    await expect(visit(url)).rejects.toThrow('ECONNREFUSED')
    await createApp('resting', {})
  })

  it('answers for names as the service does', async () => {
    await createApp('twin', {})
    expect(await api.call('POST', '/api/2.0/apps', { name: 'twin' })).toMatchObject({
      status: 409,
      body: {
        error_code: 'RESOURCE_ALREADY_EXISTS',
        message: 'An app with the same name already exists: twin',
      },
    })
    expect((await api.call('GET', '/api/2.0/apps/nobody')).status).toBe(404)
    const { body } = await api.call('GET', '/api/2.0/apps?page_size=1')
    expect(body).toMatchObject({ apps: [expect.anything()], next_page_token: expect.any(String) })
  })
})

describe('the address of an app', () => {
  it('is another one once another process has its port, and stays that', async () => {
    expectInLog(/an app's port is taken/)
    await using own = await startAppsApi()
    const { body: app } = await own.call('POST', '/api/2.0/apps', { name: 'homeless' })
    await own.apps[Symbol.asyncDispose]()
    const squatter = createServer().listen(Number(new URL(app.url).port), '127.0.0.1')
    await new Promise((resolve) => squatter.once('listening', resolve))
    try {
      await using again = await startAppsApi({ directory: own.directory })
      const { body } = await again.call('GET', '/api/2.0/apps/homeless')
      expect(new URL(body.url).hostname).toBe(new URL(app.url).hostname)
      expect(body.url).not.toBe(app.url)
      const page = await visit(body.url)
      expect([page.status, page.text]).toEqual([503, expect.stringContaining('has not been deployed')])
      const { body: said } = await again.call('GET', '/api/2.0/lakelet/apps/homeless/logs')
      expect(said.lines.at(-1)?.message).toContain(`the app's address is now ${body.url}`)
      await again.apps[Symbol.asyncDispose]()
      await using third = await startAppsApi({ directory: own.directory })
      expect((await third.call('GET', '/api/2.0/apps/homeless')).body.url).toBe(body.url)
    } finally {
      await new Promise((resolve) => squatter.close(resolve))
    }
  })
})

describe('the workspace', () => {
  it('starts the apps again, and ends what a killed one left', async () => {
    expectInLog(/ending processes of apps that a killed workspace left/)
    const url = await createApp('lasting', {
      'app.yaml': `command: ['${node}', 'a.js']`,
      'a.js': serverThatSays('here'),
    })
    await deploy('lasting')
    const before = await said(url)
    await api.apps[Symbol.asyncDispose]()
    await expect.poll(() => isAlive(before.pid)).toBe(false)
    // What a process that was killed with the workspace looks like: alone, with the workspace's mark.
    const orphan: ChildProcess = spawn(node, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
      env: { LAKELET_APP_RUN: `${api.directory}/apps` },
    })
    const ended = new Promise((resolve) => orphan.once('exit', resolve))
    await using again = await startAppsApi({ directory: api.directory })
    await ended
    expect((await said(url)).text).toBe('here')
    expect((await again.call('GET', '/api/2.0/apps/lasting')).body).toMatchObject({
      app_status: { state: 'RUNNING' },
    })
  })
})
