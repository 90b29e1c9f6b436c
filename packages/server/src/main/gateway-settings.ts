import type { Config } from '../base/config.ts'
import type { PoolSettings } from '../gateway/pool/settings.ts'

interface GatewaySettings {
  readonly workers: number
  readonly limits: { readonly pool: PoolSettings }
}

/** The settings of a workspace as the gateway takes them. */
export function gatewaySettings({ gateway: { workers, pool } }: Config): GatewaySettings {
  const { size, maxClients, maxPreparedStatements } = pool
  const times = {
    queueTimeoutMs: pool.queueSeconds * 1000,
    idleMs: pool.idleSeconds * 1000,
    lifetimeMs: pool.lifetimeSeconds * 1000,
  }
  return { workers, limits: { pool: { size, maxClients, maxPreparedStatements, ...times } } }
}
