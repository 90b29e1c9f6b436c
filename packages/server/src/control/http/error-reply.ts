import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isLakeletError, LakeletError } from '../../base/errors.ts'

/** Any error as one of the catalogue; what is not ours becomes `internal` and keeps its text in the log only. */
export function toLakeletError(error: unknown, requestId: string): LakeletError {
  if (isLakeletError(error)) return error
  const code = (error as Partial<FastifyError>).code
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new LakeletError('body_too_large', { limit: 'allowed' }, { cause: error })
  if (code === 'FST_ERR_BAD_URL') {
    return new LakeletError('malformed_request', { reason: 'The URL cannot be decoded.' }, { cause: error })
  }
  return new LakeletError('internal', { requestId }, { cause: error })
}

/** Sends `error` as the API's JSON and logs it when a person should know. */
export function sendError(error: LakeletError, request: FastifyRequest, reply: FastifyReply): void {
  const { entry } = error
  if (entry.kind === 'internal')
    request.log.error({ err: error.cause ?? error, requestId: request.id }, 'request failed')
  if (entry.retryable) reply.header('retry-after', String(error.params['seconds'] ?? 1))
  void reply
    .code(entry.status)
    .type('application/json')
    .send({ error_code: entry.errorCode, message: error.message, details: error.details })
}
