import type { StartupParameter } from '@lakelet/wire'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dialled } from './dialer.ts'

/** What the socket needs from the connector. */
export interface SocketOwner {
  /** Runs the whole login with this startup packet. */
  dial(startup: Buffer, signal: AbortSignal): Promise<Dialled>
  /** A connection without a login, for a CancelRequest. */
  dialForCancel(signal: AbortSignal): Promise<Socket>
  /** The parameters to send instead of the driver's: a user that was looked up, the application's name. */
  startupParameters(parameters: readonly StartupParameter[]): Promise<readonly StartupParameter[]>
  opened(socket: Duplex): void
  closed(socket: Duplex): void
}
