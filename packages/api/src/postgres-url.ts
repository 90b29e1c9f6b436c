// How a client of Postgres names an endpoint: what the command line, the console's dialog and the tools for agents print.

export interface PostgresPlace {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password?: string | undefined
  readonly database: string
  /** File of the authority that signed the server's certificate; absent where a public one did. */
  readonly caFile?: string | undefined
  /** Words for the gateway, as `endpointOption` gives them. */
  readonly option?: string | undefined
}

/** As libpq, and every driver that follows it, reads it. */
export function postgresUrl(place: PostgresPlace): string {
  const login = [place.user, ...(place.password === undefined ? [] : [place.password])]
  const parameters = [
    'sslmode=require',
    ...(place.caFile === undefined ? [] : [`sslrootcert=${encodeURIComponent(place.caFile)}`]),
    ...(place.option === undefined ? [] : [`options=${encodeURIComponent(place.option)}`]),
  ]
  const address = `${place.host}:${place.port}/${encodeURIComponent(place.database)}`
  return `postgresql://${login.map(encodeURIComponent).join(':')}@${address}?${parameters.join('&')}`
}

/** Where names do not resolve, the options lead to the endpoint and to its pools; undefined where the host does. */
export function endpointOption(uid: string, host: string, isPooled: boolean): string | undefined {
  if (host.startsWith(`${uid}.`) || host.startsWith(`${uid}-`)) return undefined
  return isPooled ? `endpoint=${uid}-pooler` : `endpoint=${uid}`
}
