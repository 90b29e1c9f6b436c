/** What went wrong in one word. It decides the log level, the metric label and the exit code of the CLI. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'limited'
  | 'unavailable'
  | 'client_gone'
  | 'internal'

/** One row of the error catalogue. */
export interface ErrorEntry {
  readonly kind: ErrorKind
  /** HTTP status of a REST reply. */
  readonly status: number
  /** `error_code` of a REST reply, from the closed list of the Databricks APIs. */
  readonly errorCode: string
  /** SQLSTATE of a Postgres reply; absent where the error cannot reach a Postgres client. */
  readonly sqlState?: string
  /** What a client reads; `{name}` stands for the parameter of that name. */
  readonly message: string
  /** What to do about it, the HINT of a Postgres reply; its `{name}` places as in `message`. */
  readonly hint?: string
  /** DETAIL of a Postgres reply, likewise. */
  readonly detail?: string
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable?: boolean
}
