// Requests whose bodies are read by their handlers, as they come: files of any size, which take as long as they take.
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const uploading = new WeakSet<Duplex>()

/** Adds routes whose bodies nobody reads before their handlers. */
export function withUnreadBodies(http: FastifyInstance, add: (scope: FastifyInstance) => void): void {
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => {
      done(null)
    })
    add(scope)
  })
}

/** The time in which requests have to arrive does not hold for this one; a connection on which nothing moves is closed all the same. */
export function takeItsTime(request: FastifyRequest, reply: FastifyReply): void {
  uploading.add(request.raw.socket)
  // What was not read of it when it is answered is no next request.
  void reply.header('connection', 'close')
}

export function isTakingItsTime(error: { readonly code?: string }, socket: Duplex): boolean {
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && uploading.has(socket)
}
