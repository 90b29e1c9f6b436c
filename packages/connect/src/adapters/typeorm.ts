import pg from 'pg'
import type { PoolConfig } from 'pg'
import { splitOptions } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'
import { LakebasePool } from '../pg/pool.ts'

/** What TypeORM's `DataSource` takes for Postgres; add your entities. */
export interface LakebaseDataSourceOptions {
  type: 'postgres'
  host: string
  port: number
  username: string
  password: string
  database: string
  ssl: false
  /** pg, with a pool that replaces connections one by one and checks them after idleness. */
  driver: object
  extra: PoolConfig
}

/** `new DataSource({ ...dataSourceOptions(), entities })`. `destroy()` closes the connector too, unless it was given. */
export function dataSourceOptions(options: PoolConfig & ConnectorPart = {}): LakebaseDataSourceOptions {
  const { config, connector, ownsConnector } = splitOptions<PoolConfig>(options)
  const { host, port, user, database } = connector.getOptions()
  class Pool extends LakebasePool {
    constructor(merged: PoolConfig) {
      super(merged, connector, ownsConnector)
    }
  }
  return {
    type: 'postgres',
    host,
    port,
    username: user,
    password: String(config.password),
    database,
    ssl: false,
    driver: Object.create(pg, { Pool: { value: Pool, enumerable: true } }) as object,
    extra: config,
  }
}
