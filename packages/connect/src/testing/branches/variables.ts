// What an app finds in its environment on another branch of the same workspace.

type Variables = Readonly<Record<string, string | undefined>>

/** Those of `env`, as `lakelet env` prints them, for another endpoint. */
export function variablesOf(
  env: Variables,
  { host, user, token, endpoint }: Readonly<Record<'host' | 'user' | 'token' | 'endpoint', string>>,
): Record<string, string> {
  const authority = env['PGSSLROOTCERT']
  return {
    PGHOST: host,
    PGPORT: env['PGPORT'] || '5432',
    PGDATABASE: env['PGDATABASE'] || 'databricks_postgres',
    PGUSER: user,
    PGPASSWORD: token,
    PGSSLMODE: env['PGSSLMODE'] || 'require',
    ...(authority ? { PGSSLROOTCERT: authority } : {}),
    ENDPOINT_NAME: endpoint,
    LAKEBASE_ENDPOINT: endpoint,
  }
}

/** The same as one URL. */
export function connectionUrl(variables: Variables): string {
  const { PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT } = variables
  const query = new URLSearchParams({
    sslmode: PGSSLMODE ?? 'require',
    ...(PGSSLROOTCERT ? { sslrootcert: PGSSLROOTCERT } : {}),
  })
  const login = `${encodeURIComponent(PGUSER ?? '')}:${encodeURIComponent(PGPASSWORD ?? '')}`
  return `postgresql://${login}@${PGHOST}:${PGPORT}/${encodeURIComponent(PGDATABASE ?? '')}?${query.toString()}`
}
