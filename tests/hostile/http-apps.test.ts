// What visitors and apps may write over an app's address: requests that could be read in two ways, answers that are none.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AppLog, openAppLog } from '../../packages/server/src/apps/app-logs.ts'
import { type FrontProxy, startFrontProxy } from '../../packages/server/src/apps/front-proxy.ts'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { guardedLogger } from '../guards/guarded-logger.ts'
import { callerNamed } from '../../packages/server/tests/files/workspace-api.ts'

/** Answers each connection with `answer` and keeps what came over it. */
let answer = ''
const connections: Buffer[][] = []
let rawApp: Server
let wsgiApp: ChildProcess
let directory: string
let log: AppLog
let raw: FrontProxy
let wsgi: FrontProxy

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Python's own WSGI server: it makes one variable of `X-Forwarded-Email` and `X_Forwarded_Email`. */
const WSGI = `
import json, sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
class Quiet(WSGIRequestHandler):
    def log_message(self, *words): pass
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]
server = make_server('127.0.0.1', 0, app, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
`

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-hostile-http-'))
  log = await openAppLog(directory, systemClock)
  rawApp = createServer((socket) => {
    const chunks: Buffer[] = []
    connections.push(chunks)
    let isAnswered = false
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (isAnswered || !isComplete(Buffer.concat(chunks).toString('latin1'))) return
      isAnswered = true
      socket.write(answer, 'latin1')
    })
  })
  rawApp.listen(0, '127.0.0.1')
  await once(rawApp, 'listening')
  wsgiApp = spawn('python3', ['-c', WSGI], { stdio: ['ignore', 'pipe', 'inherit'] })
  const wsgiPort = await new Promise<number>((resolve) => {
    createInterface({ input: wsgiApp.stdout as NodeJS.ReadableStream }).once('line', (line) => {
      resolve(Number(line))
    })
  })
  raw = await front((rawApp.address() as AddressInfo).port)
  wsgi = await front(wsgiPort)
})

afterAll(async () => {
  await raw[Symbol.asyncDispose]()
  await wsgi[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
  rawApp.close()
  wsgiApp.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

beforeEach(() => {
  answer = OK
  connections.length = 0
})

function front(port: number): Promise<FrontProxy> {
  return startFrontProxy({
    visitorScopes: async () => [],
    name: 'target',
    host: '127.0.0.1',
    port: 0,
    visitors: {
      bySession: async () => undefined,
      byToken: async (token) => callerNamed(token),
      homeUrl: () => 'http://workspace.test',
      tokenFor: () => '',
      signInUrl: () => 'http://127.0.0.1:1/',
    },
    grants: { may: async () => true },
    upstream: async () => ({ host: '127.0.0.1', port }),
    log,
    logger: guardedLogger(),
    answerMs: 2000,
  })
}

/** Writes bytes to the address and gives all that comes back until it is closed, or `ms` after the last byte. */
async function say(to: FrontProxy, text: string, ms = 400): Promise<string> {
  const socket = connect(to.port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  await new Promise<void>((resolve) => {
    socket.setTimeout(ms, resolve)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => resolve())
  })
  socket.destroy()
  return Buffer.concat(chunks).toString('latin1')
}

function head(to: FrontProxy, start: string, ...lines: readonly string[]): string {
  return `${[start, `Host: 127.0.0.1:${to.port}`, 'Authorization: Bearer ann@example.com', ...lines].join('\r\n')}\r\n\r\n`
}

/** The requests in what one connection carried, by the rules of RFC 9112 §6.3; what is left over counts as another one. */
function requestsIn(text: string): string[] {
  const found: string[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return [...found, rest]
    const lines = rest.slice(0, end).split('\r\n')
    let next = end + 4
    const length = /^content-length: (\d+)$/im.exec(lines.join('\n'))?.[1]
    if (/^transfer-encoding: chunked$/im.test(lines.join('\n'))) {
      const last = rest.indexOf('0\r\n\r\n', next)
      next = last === -1 ? rest.length : last + 5
    } else if (length !== undefined) next += Number(length)
    found.push(lines[0] ?? '')
    rest = rest.slice(next)
  }
  return found
}

function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  if (/transfer-encoding: chunked/i.test(text.slice(0, end))) return text.includes('0\r\n\r\n')
  return text.length >= end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
}

const SECOND = 'GET /second HTTP/1.1\r\nHost: x\r\nX-Forwarded-Email: boss@example.com\r\n\r\n'
const FRAMED = `Content-Length: ${SECOND.length}`
const CHUNKED = `${SECOND.length.toString(16)}\r\n${SECOND}\r\n0\r\n\r\n`

describe('a second request in the body of the first', () => {
  it.each([
    ['Connection: content-length', [FRAMED, 'Connection: content-length'], SECOND],
    ['Connection: close, Content-Length', [FRAMED, 'Connection: close, Content-Length'], SECOND],
    ['two Connection headers', ['Connection: keep-alive', FRAMED, 'Connection:  CONTENT-LENGTH '], SECOND],
    [
      'Connection: transfer-encoding',
      ['Transfer-Encoding: chunked', 'Connection: transfer-encoding'],
      CHUNKED,
    ],
    ['both framings', [FRAMED, 'Transfer-Encoding: chunked'], CHUNKED],
    ['both framings, the other way round', ['Transfer-Encoding: chunked', 'Content-Length: 4'], CHUNKED],
    ['two lengths', ['Content-Length: 0', FRAMED], SECOND],
    ['a list of lengths', [`Content-Length: 0, ${SECOND.length}`], SECOND],
    ['a signed length', [`Content-Length: +${SECOND.length}`], SECOND],
    ['a hexadecimal length', ['Content-Length: 0x10'], SECOND],
    ['chunked, identity', ['Transfer-Encoding: chunked, identity'], CHUNKED],
    ['identity', ['Transfer-Encoding: identity', FRAMED], SECOND],
    ['xchunked', ['Transfer-Encoding: xchunked'], CHUNKED],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKED],
    ['gzip, chunked', ['Transfer-Encoding: gzip, chunked'], CHUNKED],
    ['a folded header', ['X-A: 1', ` ${FRAMED}`], SECOND],
    ['a folded coding', ['Transfer-Encoding:', ' chunked'], CHUNKED],
    ['a blank before the colon', [`Content-Length : ${SECOND.length}`], SECOND],
    ['an underscore', [`Content_Length: ${SECOND.length}`, 'Content-Length: 0'], SECOND],
    ['a coding with an underscore', ['Transfer_Encoding: chunked', FRAMED], SECOND],
    ['another method', [FRAMED, 'Connection: content-length', 'X-HTTP-Method-Override: GET'], SECOND],
    ['an upgrade', ['Connection: Upgrade, content-length', 'Upgrade: websocket', FRAMED], SECOND],
    [
      'an upgrade to h2c',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: A', FRAMED],
      SECOND,
    ],
    [
      'a WebSocket handshake',
      ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', FRAMED],
      SECOND,
    ],
  ])('is never one to the app: %s', async (_name, lines, body) => {
    for (const method of ['GET', 'POST', 'DELETE'])
      await say(raw, head(raw, `${method} /first HTTP/1.1`, ...lines) + body, 150)
    for (const chunks of connections) {
      const seen = requestsIn(Buffer.concat(chunks).toString('latin1'))
      expect(seen).toEqual([expect.stringMatching(/^\w+ \/(first|second) HTTP\/1.1$/)])
      // One that the proxy itself reads as a request is the visitor's, and says so.
      expect(Buffer.concat(chunks).toString('latin1').split('\r\n\r\n')[0]).not.toMatch(
        /^x.forwarded.email: boss/im,
      )
    }
  })

  it('is none over HTTP/1.0 either', async () => {
    await say(
      raw,
      head(raw, 'POST /first HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked') + CHUNKED,
    )
    await say(
      raw,
      head(raw, 'POST /first HTTP/1.0', 'Connection: keep-alive, content-length', FRAMED) + SECOND,
    )
    for (const chunks of connections)
      expect(requestsIn(Buffer.concat(chunks).toString('latin1'))).toHaveLength(1)
    expect(connections).toHaveLength(1)
  })

  it('is none in trailers', async () => {
    const body = '3\r\nabc\r\n0\r\nX-Forwarded-Email: boss@example.com\r\nContent-Length: 9\r\n\r\n'
    await say(
      raw,
      head(raw, 'POST /first HTTP/1.1', 'Transfer-Encoding: chunked', 'Trailer: X-Forwarded-Email') + body,
    )
    expect(Buffer.concat(connections[0] ?? []).toString('latin1')).not.toMatch(/boss|trailer/i)
  })

  it('reaches an app whole as the body it is', async () => {
    await say(raw, head(raw, 'POST /first HTTP/1.1', FRAMED, 'Connection: content-length') + SECOND)
    const seen = Buffer.concat(connections[0] ?? []).toString('latin1')
    expect(requestsIn(seen)).toEqual(['POST /first HTTP/1.1'])
    expect(seen.endsWith(SECOND)).toBe(true)
    expect(seen.match(/content-length/gi)).toHaveLength(1)
  })
})

describe('who the visitor is', () => {
  it.each([
    ['x_forwarded_email: boss@example.com'],
    ['X.Forwarded.Email: boss@example.com'],
    ["X'Forwarded_Email: boss@example.com"],
    ['X-Forwarded_Email: boss@example.com'],
    ['X-Forwarded-Email: boss@example.com'],
    ['X-Forwarded-Email: boss@example.com\r\nConnection: x-forwarded-email, x-forwarded-user, host, cookie'],
    ['Forwarded: by=boss@example.com'],
    ['Proxy: http://boss@example.com'],
  ])('is not for %s to say', async (line) => {
    const reply = await say(wsgi, head(wsgi, 'GET / HTTP/1.1', line, 'X-Mine: 1'))
    const [, body = ''] = reply.split('\r\n\r\n')
    const environ = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as Record<
      string,
      string
    >
    expect(environ).toMatchObject({ HTTP_X_FORWARDED_EMAIL: 'ann@example.com', HTTP_X_MINE: '1' })
    expect(JSON.stringify(environ)).not.toContain('boss')
  })

  it('is not for a target with another host to say', async () => {
    expect(await say(raw, head(raw, 'GET http://evil.example/x HTTP/1.1'))).toMatch(/^HTTP\/1.1 400 /)
    expect(await say(raw, head(raw, `GET http://127.0.0.1:${raw.port}/x HTTP/1.1`))).toMatch(
      /^HTTP\/1.1 200 /,
    )
    expect(requestsIn(Buffer.concat(connections[0] ?? []).toString('latin1'))).toEqual(['GET /x HTTP/1.1'])
  })
})

describe('an answer that is none', () => {
  const switching =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nanything'
  it.each([
    ['101 unasked', switching, 502],
    ['101 without a protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 502],
    ['interim answers without end', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(5000), 502],
    ['HTTP/0.9', '<html>old times</html>', 502],
    ['nonsense', '\u0000\u0001\u0002 SSH-2.0\r\n\r\n', 502],
    [
      'both framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      502,
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok', 502],
    ['a status of 99', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', 502],
    ['headers beyond measure', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(300_000)}\r\n\r\n`, 502],
    ['headers without end', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n', 504],
    ['nothing', '', 504],
  ])('%s', async (_name, text, status) => {
    answer = text
    const reply = await say(raw, head(raw, 'GET / HTTP/1.1', 'Connection: close'), 3500)
    expect(reply.split(' ')[1]).toBe(String(status))
  })

  it('with a body where there is none leaves the connection in order', async () => {
    answer = 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 0\r\n\r\n'
    const reply = await say(raw, head(raw, 'GET /a HTTP/1.1') + head(raw, 'GET /b HTTP/1.1'), 800)
    expect(reply.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 204'])
    expect(reply).not.toContain('Poison')
  })

  it('to a WebSocket handshake that nobody agreed to opens no tunnel', async () => {
    const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    answer = switching
    expect(await say(raw, head(raw, 'GET / HTTP/1.1', ...lines, key), 800)).toMatch(/^HTTP\/1.1 502 /)
    answer = switching.replace('\r\n\r\n', '\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
    expect(await say(raw, head(raw, 'GET / HTTP/1.1', ...lines, key), 800)).toMatch(/^HTTP\/1.1 101 /)
    answer = 'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n'
    const refused = await say(raw, head(raw, 'GET / HTTP/1.1', ...lines, key) + SECOND, 800)
    expect(refused).toMatch(/^HTTP\/1.1 426 /)
    expect(requestsIn(Buffer.concat(connections.at(-1) ?? []).toString('latin1'))).toHaveLength(1)
  })
})

describe('cookies of an app', () => {
  it('are never those of the workspace, however they are spelt', async () => {
    const cookies = [
      'lakelet_session=x',
      '=lakelet_session=x',
      ' = "lakelet_session=x',
      'LAKELET_SESSION=x; Domain=127.0.0.1',
      '__Host-lakelet_session=x; Secure; Path=/',
      '__Http-lakelet_session=x',
      'lakelet_session =x; Path=/api',
      '"lakelet_session"=x',
      'lakelet_session',
      '=',
      'a=1, lakelet_session=x',
      'mine=1; Path=/',
    ]
    const lines = cookies.map((each) => `Set-Cookie: ${each}`)
    answer = `HTTP/1.1 200 OK\r\n${[...lines, 'Set-Cookie2: lakelet_session=x', 'Clear-Site-Data: "cookies"'].join('\r\n')}\r\nContent-Length: 0\r\n\r\n`
    const reply = await say(raw, head(raw, 'GET / HTTP/1.1'))
    expect(reply).not.toMatch(/lakelet_|clear-site/i)
    expect(reply).toContain('mine=1')
  })
})
