import type { Config } from '../base/config.ts'
import type { PoolSettings } from '../gateway/pool/settings.ts'

/** The settings of a workspace as the gateway takes them. */
export function poolSettings({
  size,
  maxClients,
  maxPreparedStatements,
  ...times
}: Config['gateway']['pool']): PoolSettings {
  return {
    size,
    maxClients,
    maxPreparedStatements,
    queueTimeoutMs: times.queueSeconds * 1000,
    idleMs: times.idleSeconds * 1000,
    lifetimeMs: times.lifetimeSeconds * 1000,
  }
}
