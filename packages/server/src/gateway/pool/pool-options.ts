import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Backend } from '../connect-compute.ts'
import type { EndpointSlots } from './endpoint-slots.ts'
import type { PoolSettings } from './settings.ts'

export interface PoolOptions {
  readonly settings: PoolSettings
  readonly slots: EndpointSlots
  readonly clock: Clock
  readonly logger: Logger
  /** Wakes the compute and logs in; `id` is the connection's own. */
  readonly open: (id: string, startupPacket: Buffer, signal: AbortSignal) => Promise<Backend>
  /** The connection of this id is over. */
  readonly release: (id: string) => void
  /** Another pool of the endpoint may get a place now. */
  readonly onPlace: () => void
}

/** How backends for a client are opened. */
export interface StartupShape {
  /** All that makes its backends different from those of other clients. */
  readonly startupClass: string
  readonly packet: Buffer
  readonly applicationName: string
}
