// Apps on this machine without a deployment: made from a template, run as the person and as an app.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cliCommand, startTestWorkspace, type TestWorkspace } from '../../../tests/system/workspace.ts'
import { freePort } from '../../server/src/apps/free-port.ts'

/** Tells what it was told. */
const TELLS = `
const server = require('node:http').createServer((request, reply) => reply.end(JSON.stringify({ headers: request.headers, env: process.env })))
server.on('upgrade', (request, socket) => {
  const accept = require('node:crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  socket.write(Buffer.from([0x81, 2, 104, 105]))
})
server.listen(Number(process.env.DATABRICKS_APP_PORT), () => console.log('up'))`
const YAML = `command: ['node', 'tells.cjs']
env:
  - name: GREETING
    value: hello
  - name: PLACE
    value: '<fill-in>'
  - name: KEY
    valueFrom: key
`

let workspace: TestWorkspace
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-run-local-'))
  workspace = await startTestWorkspace()
})
afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

interface Told {
  readonly headers: Record<string, string>
  readonly env: Record<string, string>
}

/** Runs the app of the directory while `work` asks it at its address, and sees it go. */
async function runLocal(args: readonly string[], work: (url: string) => Promise<void>) {
  const [port, appPort] = [await freePort('127.0.0.1', 0), await freePort('127.0.0.1', 0)]
  const [file, ...words] = cliCommand
  const flags = ['--port', String(port), '--app-port', String(appPort), ...args]
  const child = spawn(file, [...words, 'apps', 'run-local', directory, ...flags], {
    env: { ...process.env, HOME: workspace.home, LAKELET_DATA_DIR: workspace.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  try {
    await expect.poll(() => said, { timeout: 30_000 }).toMatch(/\| up/)
    await work(`http://localhost:${port}`)
  } finally {
    child.kill('SIGTERM')
  }
  await ended
  await expect(fetch(`http://127.0.0.1:${appPort}`)).rejects.toThrow('fetch failed')
}

it('begins an app with a template, in an empty folder only', async () => {
  const folder = path.join(directory, 'new')
  await workspace.cli(['apps', 'init', folder, '--template', 'notes-node'])
  expect(await readFile(path.join(folder, 'app.yaml'), 'utf8')).toContain('npm')
  expect((await readFile(path.join(folder, 'vendor/lakelet-connect-0.1.0.tgz'))).length).toBeGreaterThan(1000)
  await expect(workspace.cli(['apps', 'init', folder])).rejects.toThrow(/not empty/)
  await expect(
    workspace.cli(['apps', 'init', path.join(directory, 'x'), '--template', 'none']),
  ).rejects.toThrow(/no app template 'none'; known: dash-hello-world/)
})

it('runs an app as the person, with headers that nobody else can give', async () => {
  await writeFile(path.join(directory, 'app.yaml'), YAML)
  await writeFile(path.join(directory, 'tells.cjs'), TELLS)
  await expect(workspace.cli(['apps', 'run-local', directory])).rejects.toThrow(
    /app.yaml takes KEY from resources/,
  )
  await runLocal(['--env', 'KEY=a=b', '--env', 'GREETING=hi'], async (url) => {
    const reply = await fetch(url, { headers: { 'x-forwarded-user': 'boss' } })
    const { headers, env } = (await reply.json()) as Told
    expect(headers).toMatchObject({ 'x-forwarded-user': workspace.user, 'x-forwarded-host': 'localhost' })
    expect(env).toMatchObject({
      KEY: 'a=b',
      GREETING: 'hi',
      DATABRICKS_HOST: workspace.host,
      PORT: env['DATABRICKS_APP_PORT'],
    })
    expect(env['DATABRICKS_TOKEN']).toBeTruthy()
    expect(env).not.toHaveProperty('PLACE')
    const socket = new WebSocket(url.replace('http', 'ws'))
    const message = new Promise<unknown>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        resolve(data)
      })
    })
    expect(await message).toBe('hi')
    socket.close()
  })
})

it('runs an app as the service principal of an app, with a secret that goes with it', async () => {
  await workspace.cli(['apps', 'create', 'told', '--no-wait'])
  let secret = ''
  let client = ''
  const login = () =>
    fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
    })
  await runLocal(['--as-app', 'told', '--env', 'KEY=k'], async (url) => {
    const { env } = (await (await fetch(url)).json()) as Told
    client = env['DATABRICKS_CLIENT_ID'] ?? ''
    secret = env['DATABRICKS_CLIENT_SECRET'] ?? ''
    expect(env['DATABRICKS_APP_NAME']).toBe('told')
    expect(env).not.toHaveProperty('DATABRICKS_TOKEN')
    expect((await login()).status).toBe(200)
  })
  expect((await login()).status).toBe(401)
})
