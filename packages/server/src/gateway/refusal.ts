// What a client reads when it is refused or sent away.
import { encodeErrorResponse, ProtocolError } from '@lakelet/wire'
import { knownError, LakeletError } from '../base/errors.ts'

/** Any error as one of the catalogue. */
export function refusalOf(error: unknown, session: string): LakeletError {
  if (error instanceof ProtocolError)
    return new LakeletError('startup_invalid', { reason: error.message }, { cause: error })
  return knownError(error, session)
}

/** A FATAL ErrorResponse with the text, the detail and the hint of the catalogue. */
export function fatal(error: LakeletError): Buffer {
  return encodeErrorResponse({
    severity: 'FATAL',
    severityCode: 'FATAL',
    code: error.entry.sqlState ?? 'XX000',
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
