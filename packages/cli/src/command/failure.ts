// What a command says when it cannot do its work: what failed, why, and what to do about it.
import { ApiError, isLakeletError } from '@lakelet/api'

/** Exit codes; anything above 0 is a failure. `psql` and `sql` hand through the code of what they ran. */
export const exitCodes = {
  failure: 1,
  usage: 2,
  unauthenticated: 3,
  notFound: 4,
  conflict: 5,
  unavailable: 6,
  interrupted: 130,
} as const

/** The codes and what they mean, for the help and the documentation. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [exitCodes.failure, 'failed; the message says why'],
  [exitCodes.usage, 'the command line is wrong'],
  [exitCodes.unauthenticated, 'not signed in, or not allowed'],
  [exitCodes.notFound, 'what was named does not exist'],
  [exitCodes.conflict, 'it exists already, or something else is in the way'],
  [exitCodes.unavailable, 'the workspace cannot be reached, or says "later"'],
  [exitCodes.interrupted, 'interrupted'],
]

/** A failure that a person reads at a terminal. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly todo: string | undefined
  readonly exitCode: number

  constructor(
    /** What failed and why. */
    message: string,
    options: {
      /** What to do about it: a sentence with the command to run. */
      readonly todo?: string
      readonly exitCode?: number
      readonly cause?: unknown
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.todo = options.todo
    this.exitCode = options.exitCode ?? exitCodes.failure
  }
}

/** An error of the API whose message says more than the API did, with what to do about it. */
export class HintedApiError extends ApiError {
  readonly todo: string | undefined

  constructor({ status, errorCode, details }: ApiError, message: string, todo?: string) {
    super(status, errorCode, message, details)
    this.todo = todo
  }
}

/** A wrong command line. */
export function usageFailure(message: string, todo?: string): Failure {
  return new Failure(message, { exitCode: exitCodes.usage, ...(todo ? { todo } : {}) })
}

/** Turns whatever a handler threw into the failure that is shown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof ApiError) return apiFailure(error)
  if (isLakeletError(error))
    return new Failure(error.message, { exitCode: exitCodeOf(error.entry.status), cause: error })
  const mixedUp = mixedUpFailure(error)
  if (mixedUp) return mixedUp
  if (isUnreachable(error)) return unreachableFailure(error)
  if (error instanceof Error && error.name === 'AbortError') {
    return new Failure('Interrupted.', { exitCode: exitCodes.interrupted, cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new Failure(message, { cause: error })
}

function apiFailure(error: ApiError): Failure {
  const { status } = error
  if (status === 401) {
    return new Failure(error.message, {
      exitCode: exitCodes.unauthenticated,
      todo: "Sign in again with 'lakelet auth login'.",
      cause: error,
    })
  }
  const hint = error instanceof HintedApiError && error.todo !== undefined ? { todo: error.todo } : {}
  return new Failure(error.message, { exitCode: exitCodeOf(status), cause: error, ...hint })
}

function exitCodeOf(status: number): number {
  if (status === 403) return exitCodes.unauthenticated
  if (status === 404) return exitCodes.notFound
  if (status === 409) return exitCodes.conflict
  if (status === 429 || status === 503) return exitCodes.unavailable
  return exitCodes.failure
}

/** Codes of a connection that did not come about. */
const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'])

function isUnreachable(error: unknown): error is Error {
  // `fetch` says only that it failed; the cause says why.
  if (error instanceof TypeError && error.message === 'fetch failed') return true
  return error instanceof Error && CONNECTION_CODES.has(connectionCode(error) ?? '')
}

/** The system's code of a failed connection, wherever in the chain of causes it is. */
export function connectionCode(error: unknown): string | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code
    if (each instanceof AggregateError) {
      const inner: unknown = each.errors[0]
      if (inner instanceof Error && 'code' in inner && typeof inner.code === 'string') return inner.code
    }
  }
  return undefined
}

/** Whoever answers there speaks something else, or is not known by its certificate. */
function mixedUpFailure(error: unknown): Failure | undefined {
  const code = connectionCode(error) ?? ''
  const because = (why: string, todo: string) =>
    new Failure(why, { exitCode: exitCodes.unavailable, todo, cause: error })
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/.test(code))
    return because(
      `The address begins with https://, but no TLS is spoken there (${code}).`,
      'A workspace on this machine has an http:// address, which `lakelet status` shows; without a scheme a host is taken for https.',
    )
  if (code.startsWith('HPE_') || code === 'UND_ERR_SOCKET')
    return because(
      `What answers at the address does not speak HTTP (${code}).`,
      'Is it the port of Postgres, or one that wants https://? `lakelet status` shows the addresses.',
    )
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_|ALTNAME_INVALID/.test(code))
    return because(
      `The certificate of the server is not trusted (${code}).`,
      'NODE_EXTRA_CA_CERTS=FILE names the authority that signed it, if it is the server that you mean.',
    )
  return undefined
}

function unreachableFailure(error: Error): Failure {
  const why = connectionCode(error) ?? (error.cause instanceof Error ? error.cause.message : error.message)
  return new Failure(`The workspace cannot be reached (${why}).`, {
    exitCode: exitCodes.unavailable,
    todo: "Is it running? 'lakelet up' starts one here; 'lakelet auth profiles' shows which hosts you signed in to.",
    cause: error,
  })
}
