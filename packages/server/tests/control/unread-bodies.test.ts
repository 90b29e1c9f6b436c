// Bodies that a handler reads as they come, over a real socket.
import { connect } from 'node:net'
import { type ClientRequest, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { defineRoute } from '@lakelet/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { implementRoutes } from '../../src/control/http/implementation.ts'
import { type HttpServer, startHttpServer } from '../../src/control/http/server.ts'

const routes = {
  upload: defineRoute({
    id: 'test.upload',
    method: 'POST',
    path: '/upload',
    summary: 'count bytes',
    body: 'stream',
    reply: z.object({ bytes: z.number() }),
    errors: [],
    permission: { kind: 'public' },
  }),
  refuse: defineRoute({
    id: 'test.refuse',
    method: 'POST',
    path: '/refuse',
    summary: 'refuse by the first bytes',
    body: 'stream',
    reply: z.object({}),
    errors: [],
    permission: { kind: 'public' },
  }),
}

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    workspaceId: '1',
    requestTimeoutMs: 500,
    log: guardedLogger(),
    callers: { authenticate: () => undefined, authorize: () => 'denied' },
    routes: implementRoutes(routes, {
      async upload({ body }) {
        let bytes = 0
        for await (const chunk of body) bytes += chunk.length
        return { bytes }
      },
      async refuse({ body }) {
        for await (const chunk of body)
          throw new LakeletError('bundle_foreign', { file: 'f', reason: `${chunk[0]}` })
        return {}
      },
    }),
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const post = (path: string) => request({ port: server.port, host: '127.0.0.1', method: 'POST', path })

function replyTo(sending: ClientRequest): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    sending.once('error', reject)
    sending.once('response', (reply) => {
      text(reply).then((body) => resolve({ status: reply.statusCode, body }), reject)
    })
  })
}

test('may take longer than other requests, and be larger', async () => {
  const sending = post('/upload')
  const answer = replyTo(sending)
  sending.write(Buffer.alloc(3_000_000))
  // Until one that began later has been ended.
  const late = connect({ port: server.port, host: '127.0.0.1' })
  late.write('POST /none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n1')
  expect(await text(late)).toMatch(/^HTTP\/1\.1 408 /)
  sending.end(Buffer.alloc(5))
  expect(await answer).toEqual({ status: 200, body: '{"bytes":3000005}' })
})

test('are answered by whoever leaves off half-way', async () => {
  const sending = post('/refuse')
  const answer = replyTo(sending)
  sending.write(Buffer.alloc(3_000_000, 'x'))
  expect(await answer).toMatchObject({ status: 400, body: expect.stringContaining('120') })
  sending.destroy()
})
