// Apps that answer before they have read the body, on the servers that people run them on: the visitor gets that answer, every time.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, request as requestOf } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../packages/server/src/apps/free-port.ts'
import { type AppFront, openFront } from './app-front.ts'
import { pythonWith, whyNoPython } from './python.ts'
import { RegistryUnreachable } from './registry.ts'

const TIMES = 12
const MB = 1 << 20

const stack = new AsyncDisposableStack()
const fronts = new Map<string, AppFront>()
let python: string
let reasonToSkip: string | undefined

beforeAll(async () => {
  reasonToSkip = await whyNoPython()
  if (reasonToSkip !== undefined) return
  try {
    python = await pythonWith(['gunicorn==23.0.0', 'uvicorn==0.30.6', 'requests==2.32.5'])
  } catch (error) {
    if (!(error instanceof RegistryUnreachable)) throw error
    reasonToSkip = error.message
  }
}, 300_000)

beforeEach((context) => {
  if (reasonToSkip !== undefined) context.skip(reasonToSkip)
})

afterAll(() => stack.disposeAsync())

const gunicorn = ['-m', 'gunicorn', 'early_app:wsgi', '--log-level', 'warning', '--bind']
const servers: Readonly<Record<string, (port: number) => readonly string[]>> = {
  gunicorn: (port) => [...gunicorn, `127.0.0.1:${port}`],
  'gunicorn with threads': (port) => [...gunicorn, `127.0.0.1:${port}`, '--threads', '4'],
  uvicorn: (port) => ['-m', 'uvicorn', 'early_app:asgi', '--log-level', 'warning', '--port', String(port)],
}

/** A server on Node that closes as soon as it has answered. */
async function startNodeApp(): Promise<number> {
  const app = createHttpServer((incoming, reply) => {
    const status = incoming.url?.startsWith('/too-large') ? 413 : 200
    reply.writeHead(status, { 'content-length': '5', connection: 'close' })
    reply.end('early', () => incoming.socket.destroy())
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  stack.defer(() => {
    app.closeAllConnections()
    app.close()
  })
  return (app.address() as AddressInfo).port
}

async function startPythonApp(server: string): Promise<number> {
  const port = await freePort('127.0.0.1', 0)
  const words = servers[server]?.(port) ?? []
  const cwd = path.join(import.meta.dirname, 'python')
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(python, words, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
  stack.defer(() => ended(child))
  await vi.waitFor(() => connects(port), { timeout: 90_000, interval: 100 })
  return port
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    }).once('error', reject)
  })
}

async function frontOf(server: string): Promise<AppFront> {
  const known = fronts.get(server)
  if (known) return known
  const front = stack.use(
    await openFront(server === 'Node' ? await startNodeApp() : await startPythonApp(server)),
  )
  fronts.set(server, front)
  return front
}

/** Sends a body as fast as it is taken; gives status and text of the answer, or why there was none. */
function upload(port: number, url: string, bytes: number, isChunked: boolean): Promise<string> {
  return new Promise((resolve) => {
    const length = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) }
    const headers = { authorization: 'Bearer ann', ...length }
    const sent = requestOf({ port, path: url, method: 'POST', headers, agent: false }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      reply.on('end', () => {
        resolve(`${reply.statusCode} ${text}`)
      })
    })
    sent.on('error', (error) => {
      resolve(error.message)
    })
    sent.end(Buffer.alloc(bytes, 'x'))
  })
}

describe.each([...Object.keys(servers), 'Node'])('an early answer of %s', (server) => {
  it.each([
    ['413', '/too-large', 1, false],
    ['413', '/too-large', 8, false],
    ['413', '/too-large', 8, true],
    ['200', '/fine', 1, false],
    ['200', '/fine', 8, false],
    ['200', '/fine', 1, true],
    ['200', '/fine', 8, true],
  ])('%s is passed on (%s, %i MB, chunked: %s)', async (status, url, size, isChunked) => {
    const { port } = await frontOf(server)
    const answers: string[] = []
    for (let time = 0; time < TIMES; time += 1) answers.push(await upload(port, url, size * MB, isChunked))
    expect(answers).toEqual(Array.from({ length: TIMES }, () => `${status} early`))
  })
})

it('is seen by a client that sends all before it reads', async () => {
  const { port } = await frontOf('gunicorn')
  const program = `
import requests
for number in range(${TIMES}):
    reply = requests.post('http://127.0.0.1:${port}/too-large', data=b'x' * 8 * 2**20, headers={'Authorization': 'Bearer ann'})
    print(reply.status_code, reply.text)
`
  const child = spawn(python, ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  expect(output).toBe('413 early\n'.repeat(TIMES))
})
