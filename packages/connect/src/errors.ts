// The failures that are this library's own. Whatever the database server says is handed on as the server said it, so
// that a driver's `err.code` stays the SQLSTATE.

/** What went wrong, as a closed set to switch over. */
export type LakebaseErrorCode =
  | 'CONFIGURATION'
  | 'WORKSPACE_LOGIN_FAILED'
  | 'CREDENTIAL_DENIED'
  | 'ENDPOINT_NOT_FOUND'
  | 'CREDENTIAL_UNAVAILABLE'
  | 'CREDENTIAL_MALFORMED'
  | 'CERTIFICATE_REFUSED'
  | 'TLS_NOT_OFFERED'
  | 'PLAINTEXT_REFUSED'
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  | 'HOST_MISMATCH'
  | 'PROTOCOL'
  | 'CLOSED'

/** One try to reach the server, for the post-mortem. */
export interface Attempt {
  /** How far it got. */
  readonly phase: 'credential' | 'waiting' | 'connect' | 'tls' | 'login'
  readonly startedAt: Date
  readonly durationMs: number
  /** The SQLSTATE or the system error code, as `57P03` or `ECONNREFUSED`. */
  readonly code: string
  readonly message: string
}

export interface LakebaseErrorOptions {
  cause?: unknown
  attempts?: readonly Attempt[]
  isRetryable?: boolean
  retryAfterMs?: number | undefined
  httpStatus?: number | undefined
}

/** A failure of this library. Never carries a token, a secret or SQL text: messages pass through `redact`. */
export class LakebaseError extends Error {
  override readonly name = 'LakebaseError'
  readonly code: LakebaseErrorCode
  readonly attempts: readonly Attempt[]
  /** Whether the same call can succeed later without anybody changing anything. */
  readonly isRetryable: boolean
  readonly httpStatus: number | undefined
  /** What the control plane asked for in its Retry-After header. */
  readonly retryAfterMs: number | undefined

  constructor(code: LakebaseErrorCode, message: string, options: LakebaseErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.attempts = options.attempts ?? []
    this.isRetryable = options.isRetryable ?? false
    this.httpStatus = options.httpStatus
    this.retryAfterMs = options.retryAfterMs
    // `instanceof` holds between the ESM and the CommonJS copy of this library.
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

const brand = Symbol.for('lakelet-connect.LakebaseError')

const secrets = [
  /\beyJ[\w-]{8,}(?:\.[\w-]+){0,2}/g, // JSON web tokens
  /\bdapi[0-9a-f]{8,}(?:-\d+)?/gi, // personal access tokens
  /\bdose[0-9a-f]{8,}/gi, // OAuth secrets
  /\b(Bearer|Basic)\s+[\w+/=.~-]{8,}/gi,
]

/** `text` with everything that looks like a token or secret blotted out. */
export function redact(text: string): string {
  return secrets.reduce((clean, pattern) => clean.replace(pattern, '[redacted]'), text)
}

/** The short code of any error: SQLSTATE, errno name, our code, or its class. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return error instanceof Error ? error.name : 'unknown'
}

/** The message of any error, without secrets. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0 && !error.message)
    return messageOf(error.errors[0])
  return redact(error instanceof Error ? error.message : String(error))
}
