import pg from 'pg'
import type { Client, ClientConfig, PoolConfig } from 'pg'
import { splitOptions } from './options.ts'
import type { ConnectorPart } from './options.ts'
import { LakebasePool } from './pool.ts'
import type { PoolLife } from './pool.ts'

// oxlint-disable-next-line import/no-named-as-default-member -- older releases of pg are CommonJS without names that an import could see
const { Client: PgClient } = pg

export { LakebasePool } from './pool.ts'

/** Every option of `pg.Pool` and of the connector, and when idle connections are checked. */
export type LakebasePoolOptions = PoolConfig & ConnectorPart & PoolLife

/** Every option of `pg.Client` and of the connector. */
export type LakebaseClientOptions = ClientConfig & ConnectorPart

/**
 * A `pg.Pool` (of the app's own pg) whose connections log in with a credential that is always fresh. Inside a Databricks
 * App, or under `lakelet env`, no option is needed. It never throws: what is wrong with options or environment is told by the first query
 * (CONFIGURATION), as `new pg.Pool()` does, so that a module with a pool can be loaded where the app's variables are not set, as in a build.
 */
export function createPool(options: LakebasePoolOptions = {}): LakebasePool {
  const { pingAfterIdleMs, pingTimeoutMs, ...rest } = options
  const { config, connector, ownsConnector } = splitOptions<PoolConfig>(rest)
  return new LakebasePool(config, connector, ownsConnector, { pingAfterIdleMs, pingTimeoutMs })
}

/** A single `pg.Client`, for LISTEN and scripts. `end()` closes its connector too, unless that was given. */
export function createClient(options: LakebaseClientOptions = {}): Client {
  const { config, connector, ownsConnector } = splitOptions<ClientConfig>(options)
  const client = new PgClient(config)
  // A dropped connection is told by the next query, or by the app's own listener; it does not end the process.
  client.on('error', () => {})
  if (ownsConnector) client.once('end', () => void connector.close())
  return client
}
