// What clients are given to connect with, as functions of one connection.

export interface Connection {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly endpoint: string
  readonly caFile: string
  /** What the driver has to send as `options`, if anything. */
  readonly options?: string
}

/** The variables that the tutorial names, in its order. */
export function parametersOf(connection: Connection): readonly (readonly [name: string, value: string])[] {
  return [
    ['PGHOST', connection.host],
    ['PGDATABASE', connection.database],
    ['PGUSER', connection.user],
    ['PGPORT', String(connection.port)],
    ['PGSSLMODE', 'require'],
    ['ENDPOINT_NAME', connection.endpoint],
    ...(connection.options === undefined ? [] : [['PGOPTIONS', connection.options] as const]),
  ]
}

/** Snippets by the word that their tab shows; each is the same in every language. */
export const SNIPPETS: Readonly<Record<string, (connection: Connection) => string>> = {
  psql: (
    each,
  ) => `PGPASSWORD=$(lakelet postgres generate-database-credential ${each.endpoint} -o json | jq -r .token) \\
  psql "${url(each)}"`,
  Node: (each) => `import pg from 'pg'
import { readFileSync } from 'node:fs'

const pool = new pg.Pool({
  host: '${each.host}',
  port: ${each.port},
  database: '${each.database}',
  user: '${each.user}',${line(each, (options) => `  options: '${options}',`)}
  // Asked for at each new connection, so it has never ended.
  password: () => freshToken('${each.endpoint}'),
  ssl: { ca: readFileSync('${each.caFile}') },
})`,
  Python: (each) => `from databricks.sdk import WorkspaceClient
import psycopg

w = WorkspaceClient()
credential = w.postgres.generate_database_credential(endpoint="${each.endpoint}")
connection = psycopg.connect(
    host="${each.host}",
    port=${each.port},
    dbname="${each.database}",
    user="${each.user}",${line(each, (options) => `    options="${options}",`)}
    password=credential.token,
    sslmode="require",
)`,
  '.env': (each) =>
    [...parametersOf(each), ['PGSSLROOTCERT', each.caFile] as const]
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join('\n'),
  'app.yaml': (each) =>
    `env:\n${parametersOf(each)
      .map(([name, value]) => `  - name: ${name}\n    value: '${value}'`)
      .join('\n')}`,
}

/** A connection string without its password, which ends too soon to be kept. */
export function url({ host, port, database, user, options }: Connection): string {
  const place = `${encodeURIComponent(user)}@${host}:${port}/${encodeURIComponent(database)}`
  const more = options === undefined ? '' : `&options=${encodeURIComponent(options)}`
  return `postgresql://${place}?sslmode=require${more}`
}

/** A line of its own where there are options. */
function line({ options }: Connection, write: (options: string) => string): string {
  return options === undefined ? '' : `\n${write(options)}`
}
