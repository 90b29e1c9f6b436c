import postgres from 'postgres'
import type { Options, PostgresType, Sql } from 'postgres'
import { connectorOrRefusal } from '../connector-or-refusal.ts'
import { createConnector } from '../connector.ts'
import { takeConnectorPart } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'

const MAX_LIFETIME_SECONDS = 2700
const LIFETIME_JITTER = 0.1
const IDLE_TIMEOUT_SECONDS = 30

/** Every option of postgres.js and of the connector. */
export type LakebaseSqlOptions<Types extends Record<string, PostgresType> = Record<string, PostgresType>> =
  Options<Types> & ConnectorPart

/**
 * A postgres.js `sql` whose connections log in with a credential that is always fresh. `sql.end()` closes its connector
 * too, unless that was given. Nothing is opened before the first query, which also tells what is wrong with the options.
 */
export function lakebase(options: LakebaseSqlOptions = {}): Sql {
  const { connector: shared, own, rest } = takeConnectorPart(options)
  const { host, port, user, username, database, db, ...others } = rest
  const connector =
    shared ??
    connectorOrRefusal(() =>
      createConnector({
        ...own,
        host: first(host),
        port: first(port),
        user: user ?? username,
        database: database ?? db,
        login: own.login ?? (others.password === undefined && others.pass === undefined ? 'token' : 'driver'),
      }),
    )
  const { stream, ...address } = connector.getOptions()
  const sql = postgres({
    idle_timeout: IDLE_TIMEOUT_SECONDS,
    // Read once per connection, so that connections opened together do not end together.
    max_lifetime: (() => MAX_LIFETIME_SECONDS * (1 - LIFETIME_JITTER * Math.random())) as unknown as number,
    // Our own timeout must win, for its error says why.
    connect_timeout: (own.connect?.timeoutMs ?? 30_000) / 1000 + 1,
    ...others,
    ...address,
    pass: others.pass ?? others.password ?? 'the connector knows',
    socket: () => stream(),
  } as Options<Record<string, PostgresType>>)
  return shared ? sql : closingAfterEnd(sql, () => connector.close())
}

function first<T>(value: T | readonly T[] | undefined): T | undefined {
  return Array.isArray(value) ? (value[0] as T | undefined) : (value as T | undefined)
}

function closingAfterEnd(sql: Sql, close: () => Promise<void>): Sql {
  const end = sql.end.bind(sql)
  sql.end = async (options) => {
    await end(options)
    await close()
  }
  return sql
}
