// How a dial fails: an attempt whose token was refused, and the end of all attempts.
import { abortReason } from '../clock.ts'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import type { ServerRefusal } from './failures.ts'
import type { Address } from './transport.ts'

/** What ends in the driver's hands when every attempt failed. */
export class DialFailure extends Error {
  override readonly name = 'DialFailure'
  /** The server's own refusal, to be handed on as it came; else undefined. */
  readonly refusal: ServerRefusal | undefined
  readonly error: LakebaseError

  constructor(error: LakebaseError, refusal: ServerRefusal | undefined) {
    super(error.message)
    this.error = error
    this.refusal = refusal
  }
}

/** The server refused this very token. */
export class TokenRejected extends Error {
  readonly code: string
  readonly refusal: ServerRefusal
  readonly credential: { readonly generation: number; readonly isFresh: boolean }

  constructor(refusal: unknown, credential: { readonly generation: number; readonly isFresh: boolean }) {
    super(messageOf(refusal))
    this.refusal = refusal as ServerRefusal
    this.code = this.refusal.code
    this.credential = credential
  }
}

/** The failure of a whole dial: the last attempt's, with all attempts and what ended it. */
export function describeFailure(
  cause: unknown,
  ending: {
    readonly given: AbortSignal
    readonly budget: AbortSignal
    readonly address: Address
    readonly timeoutMs: number
    readonly attempts: readonly Attempt[]
    readonly phase: Attempt['phase']
  },
): LakebaseError {
  const { given, budget, attempts } = ending
  if (given.aborted) {
    const reason = abortReason(given)
    return reason instanceof LakebaseError
      ? reason
      : new LakebaseError('CLOSED', 'the connection was given up', { cause: reason })
  }
  const where = `${ending.address.host}:${ending.address.port}`
  if (budget.aborted) {
    const why =
      cause instanceof LakebaseError && cause.code === 'CONNECT_TIMEOUT'
        ? ''
        : `; last: ${codeOf(cause)} ${messageOf(cause)}`
    return new LakebaseError(
      'CONNECT_TIMEOUT',
      `no connection to ${where} within ${ending.timeoutMs} ms (${attempts.length} attempts, ended in phase '${ending.phase}')${why}`,
      { cause, attempts, isRetryable: true },
    )
  }
  if (cause instanceof LakebaseError) {
    const { isRetryable, httpStatus, retryAfterMs } = cause
    return new LakebaseError(cause.code, cause.message, {
      cause,
      attempts,
      isRetryable,
      httpStatus,
      retryAfterMs,
    })
  }
  return new LakebaseError(
    'CONNECT_FAILED',
    `could not connect to ${where}: ${codeOf(cause)} ${messageOf(cause)}`,
    { cause, attempts },
  )
}
