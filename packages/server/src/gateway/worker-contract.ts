// What a gateway's thread and the thread that started it say to each other.
import type { CancelKey } from './cancel-keys.ts'
import type { GatewayCommands, GatewayControl } from './control.ts'
import type { ListenerSettings } from './listener.ts'
import type { SharedState } from './shared.ts'

/** What the worker is started with. */
export interface WorkerSettings {
  readonly settings: Omit<ListenerSettings, 'port'>
  readonly logLevel: string
}

/** What the worker may call. */
export interface ParentMethods extends GatewayControl, SharedState {
  /** A line of the log, as JSON. */
  log(line: string): void
}

/** What the worker can do. */
export interface WorkerMethods extends GatewayCommands {
  /** Begins to accept; the port that was taken. Rejects with the system's error code. */
  listen(port: number): Promise<{ readonly host: string; readonly port: number }>
  /** False when the key is of none of its sessions. */
  cancel(key: CancelKey): Promise<boolean>
}
