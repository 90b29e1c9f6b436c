// The errors of the server are those of the contract, so that a code means one thing everywhere.
import {
  because,
  ERROR_HEADER,
  type ErrorCode,
  type ErrorParams,
  isLakeletError,
  LakeletError,
  type Reason,
  writeErrorHeader,
} from '@lakelet/api/errors'
import { isDiskFull } from './disk-full.ts'

export { because, ERROR_HEADER, isLakeletError, LakeletError, type Reason, writeErrorHeader }

/** `error` as one of the catalogue: a full disk is `disk_full`, what is not known is `internal` and keeps its text in the log only. */
export function knownError(error: unknown, requestId: string): LakeletError {
  if (isLakeletError(error)) return error
  if (isDiskFull(error)) return new LakeletError('disk_full', {}, { cause: error })
  return new LakeletError('internal', { requestId }, { cause: error })
}

/** An error of the catalogue as data, on its way between threads. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly params: ErrorParams
}

export function errorData({ code, params }: LakeletError): ErrorData {
  return { code, params }
}

export function errorFromData({ code, params }: ErrorData): LakeletError {
  return new LakeletError(code, params)
}

/** What was thrown, as an error also where it was none. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
