import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isLakeletError, knownError, LakeletError } from '../../base/errors.ts'

/** How long a client that is answered out of turn keeps its connection. */
const LINGER_MS = 1000

/** Any error as one of the catalogue; what is not ours becomes `internal` and keeps its text in the log only. */
export function toLakeletError(error: unknown, request: FastifyRequest): LakeletError {
  if (isLakeletError(error)) return error
  const { code, statusCode } = error as Partial<FastifyError>
  const options = { cause: error }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limit = request.routeOptions.bodyLimit
      return new LakeletError('body_too_large', { limit }, options)
    }
    case 'FST_ERR_BAD_URL':
      return new LakeletError('malformed_request', { reason: 'The URL cannot be decoded.' }, options)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new LakeletError(
        'malformed_request',
        { reason: 'The body does not have the length that Content-Length says.' },
        options,
      )
    case 'ECONNRESET':
      return new LakeletError('client_gone', {}, options)
    case undefined:
    default: {
      if (statusCode === 415) return unsupportedMediaType(request)
      if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
        return new LakeletError('malformed_request', { reason: 'The request cannot be read.' }, options)
      }
      return knownError(error, request.id)
    }
  }
}

export function unsupportedMediaType(request: FastifyRequest): LakeletError {
  const contentType = (request.headers['content-type'] ?? '').slice(0, 100)
  return new LakeletError('unsupported_media_type', { contentType, expected: 'application/json' })
}

/** Sends `error` as the API's JSON and logs it when a person should know. */
export function sendError(error: LakeletError, request: FastifyRequest, reply: FastifyReply): void {
  const { entry } = error
  if (entry.kind === 'internal') {
    request.log.error({ err: error.cause ?? error, requestId: request.id }, 'request failed')
  } else if (error.code === 'disk_full') {
    request.log.warn({ err: error.cause, requestId: request.id }, 'a write was refused: the disk is full')
  }
  if (entry.retryable) reply.header('retry-after', String(error.params['seconds'] ?? 1))
  void reply.code(entry.status).type('application/json').send(bodyOf(error, request.id))
}

/** The body of an error reply. `details` is there only when it says something: clients read it differently otherwise. */
function bodyOf(error: LakeletError, requestId: string): object {
  return {
    error_code: error.entry.errorCode,
    message: error.message.replaceAll('{traceId}', requestId.replaceAll('-', '')),
    ...(error.details.length > 0 ? { details: error.details } : {}),
  }
}

/** Answers what is not HTTP, or came too slowly, on a socket that has no request yet. */
export function answerClientError(error: Error & { code?: string }, socket: Socket, timeoutMs: number): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const known = isLate
    ? new LakeletError('request_timeout', { seconds: Math.ceil(timeoutMs / 1000) })
    : error.code === 'HPE_HEADER_OVERFLOW'
      ? new LakeletError('headers_too_large')
      : new LakeletError('malformed_request', { reason: 'The request is not valid HTTP.' })
  const { status, errorCode } = known.entry
  const body = JSON.stringify({ error_code: errorCode, message: known.message })
  // The client may go on sending, and reads the answer only if that is read and not answered with a reset; but not for long.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
