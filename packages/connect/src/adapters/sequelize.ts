import type { ClientConfig } from 'pg'
import { splitOptions } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'
import type { Duplex } from 'node:stream'

/** What `new Sequelize()` (version 6) takes; merge it with the rest of your options. */
export interface LakebaseSequelizeOptions {
  dialect: 'postgres'
  host: string
  port: number
  username: string
  password: string
  database: string
  dialectOptions: { stream: () => Duplex; [option: string]: unknown }
  pool: { min: number; max: number; idle: number; acquire: number }
}

/** `new Sequelize({ ...sequelizeOptions(), logging: false })`. Pass a `connector` of your own to close it afterwards. */
export function sequelizeOptions(
  options: ClientConfig & ConnectorPart & { max?: number } = {},
): LakebaseSequelizeOptions {
  const { max = 5, ...rest } = options
  const { config, connector } = splitOptions<ClientConfig>(rest)
  const { host, port, user, database, stream } = connector.getOptions()
  const { host: _h, port: _p, user: _u, database: _d, password, ...others } = config
  return {
    dialect: 'postgres',
    host,
    port,
    username: user,
    password: String(password),
    database,
    dialectOptions: { ...others, stream },
    pool: { min: 0, max, idle: 30_000, acquire: (options.connect?.timeoutMs ?? 30_000) + 1000 },
  }
}
