import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  because,
  ERROR_HEADER,
  isLakeletError,
  knownError,
  LakeletError,
  writeErrorHeader,
} from '../../base/errors.ts'

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
      return new LakeletError('malformed_request', { reason: because('url_unreadable') }, options)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new LakeletError('malformed_request', { reason: because('length_wrong') }, options)
    case 'ECONNRESET':
      return new LakeletError('client_gone', {}, options)
    case undefined:
    default: {
      if (statusCode === 415) return unsupportedMediaType(request)
      if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
        return new LakeletError('malformed_request', { reason: because('unreadable') }, options)
      }
      return knownError(error, request.id)
    }
  }
}

export function unsupportedMediaType(request: FastifyRequest): LakeletError {
  const contentType = (request.headers['content-type'] ?? '').slice(0, 100)
  return new LakeletError('unsupported_media_type', { contentType, expected: 'application/json' })
}

/** Makes the page for an error, for who sent the request. */
export type ErrorPages = (
  error: LakeletError,
  headers: FastifyRequest['headers'],
) => Promise<{ readonly headers: Readonly<Record<string, string>>; readonly markup: string }>

/** Whether a person sees the answer: a browser that opens an address, and not a program, which takes JSON or anything. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
  const isOpened = (headers['sec-fetch-dest'] ?? 'document') === 'document'
  return (method === 'GET' || method === 'HEAD') && isOpened && /\btext\/html\b/.test(headers.accept ?? '')
}

/** Sends the page of `error`, and its JSON where there cannot be one. */
export async function sendErrorPage(
  error: LakeletError,
  request: FastifyRequest,
  reply: FastifyReply,
  pages: ErrorPages,
): Promise<void> {
  try {
    const { headers, markup } = await pages(error, request.headers)
    describe(error, request, reply)
    const traceId = request.id.replaceAll('-', '')
    void reply.code(error.entry.status).headers(headers).send(markup.replaceAll('{traceId}', traceId))
  } catch {
    sendError(error, request, reply)
  }
}

/** Sends `error` as the API's JSON and logs it when a person should know. */
export function sendError(error: LakeletError, request: FastifyRequest, reply: FastifyReply): void {
  describe(error, request, reply)
  void reply.code(error.entry.status).type('application/json').send(bodyOf(error, request.id))
}

function describe(error: LakeletError, request: FastifyRequest, reply: FastifyReply): void {
  const { entry } = error
  if (entry.kind === 'internal') {
    request.log.error({ err: error.cause ?? error, requestId: request.id }, 'request failed')
  } else if (error.code === 'disk_full') {
    request.log.warn({ err: error.cause, requestId: request.id }, 'a write was refused: the disk is full')
  }
  if (entry.retryable) {
    const { seconds } = error.params
    reply.header('retry-after', typeof seconds === 'number' ? String(seconds) : '1')
  }
  const header = writeErrorHeader(error)
  if (header !== undefined) reply.header(ERROR_HEADER, header)
}

/** The body of an error reply. `details` is there only when it says something: clients read it differently otherwise. */
function bodyOf(error: LakeletError, requestId: string): object {
  return {
    error_code: error.entry.errorCode,
    message: error.message.replaceAll('{traceId}', requestId.replaceAll('-', '')),
    ...(error.details.length > 0 ? { details: error.details } : {}),
  }
}
