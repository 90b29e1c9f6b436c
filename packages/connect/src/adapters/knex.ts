import { splitOptions } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'
import type { DriverOptions } from '../connector-types.ts'
import type { ClientConfig } from 'pg'

const MAX_LIFETIME_MS = 2_700_000
const LIFETIME_JITTER = 0.1

/** The connector's options, pg's connection options, and the size of the pool. */
export type KnexConnectionOptions = ClientConfig & ConnectorPart & { max?: number }

/** What `knex()` takes; merge it with the rest of your configuration. */
export interface LakebaseKnexConfig {
  client: 'pg'
  connection: DriverOptions & { password: string }
  pool: {
    min: number
    max: number
    idleTimeoutMillis: number
    acquireTimeoutMillis: number
    afterCreate(connection: object, done: (error: Error | null, connection: object) => void): void
  }
}

/** `knex({ ...knexConfig(), … })`. Pass a `connector` of your own to close it after `knex.destroy()`. */
export function knexConfig(options: KnexConnectionOptions = {}): LakebaseKnexConfig {
  const { max = 10, ...rest } = options
  const { config } = splitOptions<ClientConfig>(rest)
  return {
    client: 'pg',
    connection: config as unknown as LakebaseKnexConfig['connection'],
    pool: {
      // Connections that nobody uses would keep nothing awake, but are cut when the endpoint sleeps.
      min: 0,
      max,
      idleTimeoutMillis: 30_000,
      acquireTimeoutMillis: (options.connect?.timeoutMs ?? 30_000) + 1000,
      afterCreate: limitLifetime,
    },
  }
}

/** Knex drops a connection that carries this mark when it is asked for next. */
function limitLifetime(connection: object, done: (error: Error | null, connection: object) => void): void {
  const limitMs = MAX_LIFETIME_MS * (1 - LIFETIME_JITTER * Math.random())
  const timer = setTimeout(() => {
    Object.assign(connection, { __knex__disposed: 'the connection reached its longest life' })
  }, limitMs)
  timer.unref()
  ;(connection as { once(event: 'end', listener: () => void): void }).once('end', () => clearTimeout(timer))
  done(null, connection)
}
