/** The real Postgres. */
export interface Upstream {
  /** A host name, or the directory of a unix socket. */
  host: string
  port: number
  /** Everybody is logged in as this role; default: as themselves. */
  user?: string | undefined
  password?: string | undefined
}
