// The address of an app, against a real app behind it.
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type AppLog, openAppLog } from '../../src/apps/app-logs.ts'
import { type FrontProxy, startFrontProxy } from '../../src/apps/front-proxy.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { callerNamed } from '../files/workspace-api.ts'
import { visit } from './apps-api.ts'

let app: Server
let front: FrontProxy
let log: AppLog
let directory: string
let url: string
let isUp = true
let isSignedIn = true
let outcast = ''
const received: IncomingMessage[] = []

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-front-'))
  log = await openAppLog(directory, systemClock)
  app = createServer({ maxHeaderSize: 1 << 20 }, (incoming, reply) => {
    received.push(incoming)
    if (incoming.url === '/events') {
      reply.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.write('data: one\n\n')
      incoming.once('close', () => reply.end())
    } else if (incoming.url === '/hang') {
      incoming.resume()
    } else if (incoming.url?.startsWith('/cookie/')) {
      reply.setHeader('set-cookie', `big=${'x'.repeat(Number(incoming.url.slice(8)))}; Path=/`).end('set')
    } else if (incoming.url === '/break') {
      incoming.socket.destroy()
    } else {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        reply.setHeader('set-cookie', ['sid=1', 'lakelet_session=stolen'])
        reply.end(
          JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body }),
        )
      })
    }
  })
  const sockets = new WebSocketServer({ server: app })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      socket.send(`echo ${data.toString()}`)
    })
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const { port } = app.address() as AddressInfo
  front = await startFrontProxy({
    visitorScopes: async () => [],
    name: 'my-app',
    host: '127.0.0.1',
    port: 0,
    visitors: {
      bySession: async (cookie) =>
        cookie.includes('lakelet_session=root')
          ? callerNamed('admin')
          : isSignedIn && cookie.includes('lakelet_session=ann')
            ? callerNamed('ann@example.com')
            : undefined,
      byToken: async (token) => (token === 'bad' ? undefined : callerNamed(token)),
      homeUrl: () => 'http://workspace.test',
      tokenFor: () => '',
      signInUrl: (next) => `http://127.0.0.1:1/sign-in?next=${encodeURIComponent(next)}`,
    },
    grants: {
      may: async (caller, _app, level) =>
        caller.name !== outcast && caller.name !== 'stranger' && (level === 'CAN_USE' || caller.isAdmin),
    },
    upstream: async () => {
      if (!isUp)
        throw new LakeletError('app_unavailable', { name: 'my-app', reason: 'it <crashed>.', reloads: 'yes' })
      return { host: '127.0.0.1', port }
    },
    log,
    logger: guardedLogger(),
    answerMs: 1000,
    againMs: 50,
  })
  url = `http://127.0.0.1:${front.port}`
})

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
  app.closeAllConnections()
  await new Promise((resolve) => app.close(resolve))
  await rm(directory, { recursive: true, force: true })
})

const session = { cookie: 'lakelet_session=ann; sid=2' }

describe('who comes in', () => {
  it('sends a browser to the sign-in and back', async () => {
    const reply = await visit(`${url}/notes?page=2`, { headers: { accept: 'text/html' } })
    expect(reply.status).toBe(302)
    expect(reply.headers['location']).toBe(
      `http://127.0.0.1:1/sign-in?next=${encodeURIComponent(`${url}/notes?page=2`)}`,
    )
  })

  it.each([
    ['nobody', {}, 401, 'UNAUTHENTICATED'],
    ['a bad token', { authorization: 'Bearer bad' }, 401, 'UNAUTHENTICATED'],
    ['who may not', { authorization: 'Bearer stranger' }, 403, 'PERMISSION_DENIED'],
    [
      'another host name',
      { authorization: 'Bearer admin', host: 'evil.example:80' },
      421,
      'PERMISSION_DENIED',
    ],
  ])('answers %s with JSON', async (_who, headers, status, code) => {
    const reply = await visit(url, { headers: { ...headers } })
    expect([reply.status, JSON.parse(reply.text)]).toEqual([
      status,
      expect.objectContaining({ error_code: code }),
    ])
  })

  it("lets no other site act with a visitor's session", async () => {
    const post = (origin: string) =>
      visit(url, { method: 'POST', headers: { ...session, origin }, body: 'x' })
    expect((await post('http://127.0.0.1:9')).status).toBe(403)
    expect((await post('null')).status).toBe(403)
    expect((await post(url)).status).toBe(200)
  })
})

describe('what the app sees', () => {
  it('is the visitor as signed in, without the workspace cookie', async () => {
    const reply = await visit(`${url}/a%2Fb?x=1`, {
      method: 'PUT',
      headers: { ...session, 'x-forwarded-email': 'boss@example.com', 'x-custom': 'kept' },
      body: 'some body',
    })
    expect(JSON.parse(reply.text)).toMatchObject({
      method: 'PUT',
      url: '/a%2Fb?x=1',
      body: 'some body',
      headers: {
        cookie: 'sid=2',
        host: `127.0.0.1:${front.port}`,
        'x-custom': 'kept',
        'x-forwarded-email': 'ann@example.com',
        'x-forwarded-host': `127.0.0.1:${front.port}`,
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    })
    expect(reply.headers['set-cookie']).toEqual(['sid=1'])
  })

  it('frames a body of unknown length, so that no second request hides in it', async () => {
    const before = received.length
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { ...session, 'transfer-encoding': 'chunked' }
      const sent = request(`${url}/hidden`, { method: 'GET', headers }, (reply) => {
        reply.setEncoding('utf8')
        reply.on('data', resolve)
      })
      sent.on('error', reject)
      sent.end('GET /second HTTP/1.1\r\nHost: x\r\n\r\n')
    })
    expect(JSON.parse(text)).toMatchObject({ url: '/hidden', body: expect.stringContaining('/second') })
    expect(received.slice(before).map((each) => each.url)).toEqual(['/hidden'])
  })
})

describe('large headers', () => {
  const cookies = (bytes: number) => ({ cookie: `${session.cookie}; big=${'x'.repeat(bytes)}` })

  it.each([17_000, 64_000])('pass to the app: %i bytes of cookies', async (bytes) => {
    const reply = await visit(url, { headers: cookies(bytes) })
    const seen = JSON.parse(reply.text) as { headers: { cookie: string } }
    expect([reply.status, seen.headers.cookie.length]).toEqual([200, 'sid=2; big='.length + bytes])
  })

  it.each([20_000, 64_000])('pass to the visitor: a cookie of %i bytes', async (bytes) => {
    const reply = await new Promise<{ status: number | undefined; length: number }>((resolve, reject) => {
      const sent = request(
        `${url}/cookie/${bytes}`,
        { headers: session, maxHeaderSize: 1 << 20 },
        (answer) => {
          resolve({ status: answer.statusCode, length: answer.headers['set-cookie']?.[0]?.length ?? 0 })
          answer.resume()
        },
      )
      sent.on('error', reject).end()
    })
    expect(reply).toEqual({ status: 200, length: bytes + 'big=; Path=/'.length })
  })

  it('are refused in words where they are too large', async () => {
    const toApp = await visit(url, { headers: cookies(200_000) })
    expect([toApp.status, toApp.text]).toEqual([431, expect.stringContaining('may have 128 KiB')])
    const toVisitor = await visit(`${url}/cookie/200000`, { headers: session })
    expect([toVisitor.status, toVisitor.text]).toEqual([502, expect.stringContaining('128 KiB of headers')])
  })

  it('are the workspace cookie as well, which the app never sees', async () => {
    const reply = await visit(url, { headers: { cookie: `big=${'x'.repeat(17_000)}; ${session.cookie}` } })
    expect(reply.status).toBe(200)
    expect(reply.text).not.toContain('lakelet_session')
  })
})

describe('a visitor who is refused while still sending', () => {
  it.each(['content-length', 'transfer-encoding'])('reads why (%s)', async (framing) => {
    const headers = { [framing]: framing === 'content-length' ? String(8 << 20) : 'chunked' }
    const status = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers, agent: false }, (reply) => {
        resolve(reply.statusCode)
        reply.resume()
      })
      sent.on('error', reject).end(Buffer.alloc(8 << 20))
    })
    expect(status).toBe(401)
  })
})

describe('streams', () => {
  it('pass the first event while the answer is still open', async () => {
    const first = await new Promise<string>((resolve, reject) => {
      const sent = request(`${url}/events`, { headers: session }, (reply) => {
        reply.once('data', (chunk: Buffer) => {
          resolve(chunk.toString())
          sent.destroy()
        })
        reply.on('error', () => undefined)
      })
      sent.on('error', reject)
      sent.end()
    })
    expect(first).toBe('data: one\n\n')
  })

  it('are WebSockets too', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, {
      headers: { ...session, origin: url },
    })
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('open', () => {
        socket.send('hello')
      })
      socket.once('message', (data: Buffer) => {
        resolve(data.toString())
      })
      socket.once('error', reject)
    })
    socket.terminate()
    expect(answer).toBe('echo hello')
  })
})

describe('an app that does not answer', () => {
  it('is said to be slow, broken or down', async () => {
    expect((await visit(`${url}/hang`, { headers: session })).status).toBe(504)
    expect((await visit(`${url}/break`, { headers: session })).status).toBe(502)
    isUp = false
    const page = await visit(url, { headers: { ...session, accept: 'text/html' } })
    isUp = true
    expect([page.status, page.headers['retry-after']]).toEqual([503, '3'])
    expect(page.text).toContain('it &#60;crashed&#62;.')
    expect((await visit(url, { headers: session })).status).toBe(200)
  })
})

describe('/logz', () => {
  function openStream(headers: Record<string, string>): WebSocket {
    return new WebSocket(`${url.replace('http', 'ws')}/logz/stream`, { headers })
  }

  it('streams the lines that match the first frame, old and new', async () => {
    log.add('APP', 'an apple')
    log.add('SYSTEM', 'a pear')
    const socket = openStream({ authorization: 'Bearer admin', origin: url })
    const lines: { source: string; message: string; timestamp: number }[] = []
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => {
        socket.send('APPLE')
      })
      socket.on('message', (data: Buffer) => {
        lines.push(JSON.parse(data.toString()) as (typeof lines)[number])
        if (lines.length === 1) {
          log.add('APP', 'a plum')
          log.add('SYSTEM', 'another apple')
        } else resolve()
      })
      socket.once('error', reject)
    })
    socket.close()
    expect(lines).toEqual([
      { source: 'APP', message: 'an apple', timestamp: expect.any(Number) },
      { source: 'SYSTEM', message: 'another apple', timestamp: expect.any(Number) },
    ])
  })

  it.each([
    ['nobody', {}, 401],
    ['a bad token', { authorization: 'Bearer bad' }, 401],
    ['who may only use the app', { authorization: 'Bearer ann@example.com' }, 403],
  ])('refuses %s', async (_who, headers, status) => {
    const socket = openStream({ ...headers })
    // Ending a connection that was refused is an error to the library.
    socket.on('error', () => undefined)
    const answer = await new Promise((resolve) => {
      socket.once('unexpected-response', (_request, reply) => {
        resolve(reply.statusCode)
      })
    })
    socket.terminate()
    expect(answer).toBe(status)
  })

  it('shows a page to managers', async () => {
    expect((await visit(`${url}/logz`)).text).toContain('/logz/stream')
    expect((await visit(`${url}/logz`, { headers: session })).status).toBe(403)
  })
})

describe('connections that stay open', () => {
  const opened = async (path: string, headers: Record<string, string>) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers: { ...headers, origin: url } })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return { socket, closed: new Promise<number>((resolve) => socket.once('close', resolve)) }
  }
  const events = (headers: Record<string, string>) =>
    new Promise<{ readonly ended: Promise<unknown> }>((resolve, reject) => {
      const sent = request(`${url}/events`, { headers }, (reply) => {
        const ended = new Promise((over) => reply.once('close', over).once('error', over))
        reply.once('data', () => {
          resolve({ ended })
        })
      })
      sent.once('error', reject).end()
    })

  it('end when their visitor signs out, and only those', async () => {
    const gone = await opened('/', session)
    const stays = await opened('/', { authorization: 'Bearer user' })
    const stream = await events(session)
    isSignedIn = false
    expect(await gone.closed).toBe(1006)
    await stream.ended
    isSignedIn = true
    const echo = new Promise((resolve) =>
      stays.socket.once('message', (data: Buffer) => resolve(data.toString())),
    )
    stays.socket.send('still here')
    expect(await echo).toBe('echo still here')
    stays.socket.close()
  })

  it('end when their visitor may not any more', async () => {
    const app = await opened('/', { authorization: 'Bearer admin' })
    const logs = await opened('/logz/stream', { authorization: 'Bearer admin' })
    outcast = 'admin'
    expect([await app.closed, await logs.closed]).toEqual([1006, 4403])
    outcast = ''
  })
})

it('shows the last lines of the log with why the app is down, to who may read it', async () => {
  log.add('APP', '\\x1b[31mTraceback\\x1b[0m <of> everything')
  isUp = false
  const page = async (cookie: string, language: string) =>
    (await visit(url, { headers: { accept: 'text/html', 'accept-language': language, cookie } })).text
  try {
    expect(await page('lakelet_session=root', 'en')).toMatch(
      /The last lines of its log[^]*\[APP\] Traceback &#60;of&#62; everything/,
    )
    expect(await page('lakelet_session=root', 'ja')).toContain('ログの末尾')
    expect(await page('lakelet_session=ann', 'en')).not.toMatch(/Traceback|last lines/)
  } finally {
    isUp = true
  }
})
