import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fastify, type FastifyInstance } from 'fastify'
import { expect, it } from 'vitest'
import { closeServer } from './close-server.ts'

it('ends a connection that becomes idle after the stop began', async () => {
  await using server = await startServer()
  const answered = server.ask('/slow')
  await server.asked
  const started = performance.now()
  const closing = closeServer(server.http, { drainMs: 60_000 })
  server.answer()
  expect(await answered).toBe('late')
  await closing
  expect(performance.now() - started).toBeLessThan(30_000)
})

it('ends a request that does not end', async () => {
  await using server = await startServer()
  const answered = server.ask('/slow')
  await server.asked
  const [ending] = await Promise.allSettled([answered, closeServer(server.http, { drainMs: 50 })])
  expect(ending).toMatchObject({ status: 'rejected', reason: { code: 'ECONNRESET' } })
  server.answer()
})

/** A server whose `/slow` waits for `answer`, and a client that keeps its connections alive. */
async function startServer() {
  const http: FastifyInstance = fastify({ forceCloseConnections: 'idle', keepAliveTimeout: 60_000 })
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  http.get('/slow', async () => {
    asked.resolve()
    await answer.promise
    return 'late'
  })
  const host = await http.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true })
  return {
    http,
    asked: asked.promise,
    answer: answer.resolve,
    async ask(path: string): Promise<string> {
      const request = get(`${host}${path}`, { agent })
      const [reply] = (await once(request, 'response')) as [AsyncIterable<Buffer>]
      let text = ''
      for await (const chunk of reply) text += chunk.toString()
      return text
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      await http.close()
    },
  }
}
