/** What a Postgres server would say about bytes that break the protocol; the connection cannot go on after it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  /** SQLSTATE; 08P01 (protocol_violation) unless a rule of the server names another one. */
  readonly sqlState: string
  readonly detail: string | undefined

  constructor(message: string, options: { readonly sqlState?: string; readonly detail?: string } = {}) {
    super(message)
    this.sqlState = options.sqlState ?? '08P01'
    this.detail = options.detail
  }
}
