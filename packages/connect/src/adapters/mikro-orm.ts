import type { PoolConfig } from 'pg'
import type { Duplex } from 'node:stream'
import { splitOptions } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'

/** What MikroORM 7 takes for Postgres; add your entities. */
export interface LakebaseMikroOrmOptions {
  host: string
  port: number
  user: string
  password: string
  dbName: string
  driverOptions: { stream: () => Duplex; ssl: false; [option: string]: unknown }
  pool: { min: number; max: number; idleTimeoutMillis: number }
}

/** `MikroORM.init(defineConfig({ ...mikroOrmOptions(), entities }))`. Pass a `connector` of your own to close it afterwards. */
export function mikroOrmOptions(options: PoolConfig & ConnectorPart = {}): LakebaseMikroOrmOptions {
  const { max = 10, idleTimeoutMillis = 30_000, ...rest } = options
  const { config, connector } = splitOptions<PoolConfig>(rest)
  const { host, port, user, database, stream } = connector.getOptions()
  const { host: _h, port: _p, user: _u, database: _d, password, ...others } = config
  const lifetime = { maxLifetimeSeconds: 2700 }
  return {
    host,
    port,
    user,
    password: String(password),
    dbName: database,
    driverOptions: { ...lifetime, ...others, stream, ssl: false },
    pool: { min: 0, max, idleTimeoutMillis: idleTimeoutMillis ?? 30_000 },
  }
}
