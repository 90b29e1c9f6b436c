import type { Config } from '../base/config.ts'
import type { PoolSettings } from '../gateway/pool/settings.ts'

interface GatewaySettings {
  readonly workers: number
  readonly limits: { readonly pool: PoolSettings; readonly parkedBytes: number }
}

/** The settings of a workspace as the gateway takes them. */
export function gatewaySettings({ gateway: { workers, pool }, parking }: Config): GatewaySettings {
  const { size, maxClients, maxPreparedStatements } = pool
  const times = {
    queueTimeoutMs: pool.queueSeconds * 1000,
    idleMs: pool.idleSeconds * 1000,
    lifetimeMs: pool.lifetimeSeconds * 1000,
  }
  const pools = { size, maxClients, maxPreparedStatements, ...times }
  return { workers, limits: { pool: pools, parkedBytes: parking.maxMegabytes * 1e6 } }
}
