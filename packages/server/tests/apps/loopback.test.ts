// Servers of apps that ask for all interfaces: nobody reaches them but over the app's address, where this host lets us see to that.
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBindGuard } from '../../src/apps/bind-guard.ts'
import { createLogger } from '../../src/base/log.ts'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'

let api: AppsApi
let isGuarded = false

beforeAll(async () => {
  api = await startAppsApi()
  // One that holds nobody, to learn whether this host lets us.
  const guard = await startBindGuard({ first: 1, count: 1 }, createLogger({ level: 'silent' }))
  isGuarded = process.getuid?.() === 0 && guard !== undefined
  await guard?.[Symbol.asyncDispose]()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const node = process.execPath

async function run(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const { status, body } = await api.call('POST', '/api/2.0/apps', { name })
  if (status !== 200) throw new Error(body.message)
  await api.upload(`/Shared/${name}`, files)
  const deployment = await api.deploy(name, { source_code_path: `/Workspace/Shared/${name}` })
  if (deployment.status.state !== 'SUCCEEDED') throw new Error(deployment.status.message)
  return body.url
}

async function logOf(name: string): Promise<string> {
  const { body } = await api.call('GET', `/api/2.0/lakelet/apps/${name}/logs`)
  return body.lines.map((line) => line.message).join('\n')
}

/** The port that the app's own server listens on. */
async function portOf(name: string): Promise<number> {
  return Number(/listening on port (\d+)/.exec(await logOf(name))?.[1])
}

/** Addresses of this machine that other machines use. */
const external = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .filter((each) => !each.internal && (each.scopeid ?? 0) === 0)
  .map((each) => each.address)

function isReached(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => {
      end(true)
    })
    socket.once('error', () => {
      end(false)
    })
    socket.once('timeout', () => {
      end(false)
    })
  })
}

const NODE_APP = (listen: string) =>
  `require('node:http').createServer((_, reply) => reply.end('here')).listen(${listen})`
const PYTHON_APP = `
import http.server, os
class Here(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'here')
http.server.HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Here).serve_forever()
`

describe('an app that listens on all interfaces', () => {
  it.each([
    ['node', { 'app.yaml': `command: ['${node}', 'a.js']`, 'a.js': NODE_APP('process.env.PORT') }],
    ['ipv4', { 'app.yaml': `command: ['${node}', 'a.js']`, 'a.js': NODE_APP("process.env.PORT, '0.0.0.0'") }],
    [
      'ipv6',
      {
        'app.yaml': `command: ['${node}', 'a.js']`,
        'a.js': NODE_APP("{ port: process.env.PORT, host: '::', ipv6Only: true }"),
      },
    ],
    ['python', { 'app.py': PYTHON_APP }],
  ])('is reached over its address only (%s)', async (name, files) => {
    const url = await run(name, files)
    expect(await visit(url, { headers: { cookie: 'lakelet_session=ann' } })).toMatchObject({
      status: 200,
      text: 'here',
    })
    const port = await portOf(name)
    const reached = await Promise.all(external.map((host) => isReached(host, port)))
    const isSaid = (await logOf(name)).includes('listens on all interfaces')
    expect([reached.includes(true), isSaid]).toEqual(isGuarded ? [false, false] : [external.length > 0, true])
  })

  it('is moved to loopback by its command on every host', async () => {
    const server = `
const [host, port] = process.argv[2].split(':')
require('node:http').createServer((_, reply) => reply.end('here ' + host)).listen(port, host)
`
    const url = await run('command', {
      'app.yaml': `command: ['${node}', 'a.js', '0.0.0.0:$DATABRICKS_APP_PORT']`,
      'a.js': server,
    })
    expect((await visit(url)).text).toBe('here 127.0.0.1')
    expect(await logOf('command')).not.toContain('listens on all interfaces')
  })
})
