/** A failed attempt, as `connect.retryOn` sees it. */
export interface ConnectFailure {
  /** SQLSTATE or system error code. */
  readonly code: string
  readonly message: string
  readonly attempt: number
}
