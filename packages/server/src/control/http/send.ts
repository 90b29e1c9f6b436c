// How a result becomes an answer: JSON, bytes, or a stream that ends with the right to read it.
import { Readable } from 'node:stream'
import type { RouteDefinition } from '@lakelet/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Guards, isStillAdmitted } from './admission.ts'

/** A stream of events may outlive the token or session that opened it by this long. */
const ASK_AGAIN_MS = 5_000

export function sendResult(route: RouteDefinition, result: unknown, reply: FastifyReply): FastifyReply {
  if (typeof route.reply === 'string' && !reply.hasHeader('content-type'))
    reply.type(route.contentType ?? 'application/octet-stream')
  return reply.send(result)
}

/**
 * Read as fast as the client takes it, and ended when the client goes, or when who opened it is no longer let in: a token that ended, a
 * session that was signed out, a principal that was deleted. Nothing follows on its connection, which would hold up a stop.
 */
export function sendStream(
  route: RouteDefinition,
  result: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  guards: Guards,
): FastifyReply {
  const stream = result instanceof Readable ? result : Readable.from(result as AsyncIterable<Uint8Array>)
  const asking = setInterval(() => {
    void isStillAdmitted(route, request, guards).then((isAdmitted) => {
      // Its connection, not the stream: a generator that waits for its next event would end no sooner than that comes.
      if (!isAdmitted) reply.raw.destroy()
    })
  }, ASK_AGAIN_MS)
  asking.unref()
  stream.once('close', () => {
    clearInterval(asking)
  })
  return reply
    .type(route.contentType ?? 'application/octet-stream')
    .header('connection', 'close')
    .send(stream)
}
