// The Postgres front door: one port for all endpoints. What it asks of the rest of the workspace, and what may be asked of it, is in
// `control.ts`; the connections of a thread are in `listener.ts`.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { GatewayCommands, GatewayControl, TlsIdentity } from './control.ts'
import { defaultLimits, type GatewayLimits } from './limits.ts'
import { type Listener, startListener } from './listener.ts'
import { retireSessions } from './retirement.ts'
import { LocalState } from './shared.ts'
import { startWorkerPool, type WorkerPool } from './worker-pool.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 = any free port. A busy port rejects with the system's EADDRINUSE. */
  readonly port: number
  readonly tls: TlsIdentity
  readonly control: GatewayControl
  readonly clock: Clock
  readonly logger: Logger
  readonly limits?: Partial<GatewayLimits>
  /** How many threads of their own connections have; 0, also when left out, means this one. */
  readonly workers?: number
}

/** A running gateway; disposing stops it, giving clients as long to leave as its limits say. */
export interface Gateway extends GatewayCommands, AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number }
}

/** Listens until stopped. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, tls, control, clock, workers = 0 } = options
  const limits = { ...defaultLimits, ...options.limits }
  const logger = options.logger.child({ component: 'gateway' })
  const shared = new LocalState(limits, clock, logger)
  const settings = {
    host,
    port,
    sharesPort: workers > 0,
    tls,
    mockSecret: randomBytes(32),
    limits,
    threads: Math.max(1, workers),
  }
  const parts = { control, shared, clock, logger }
  const connections =
    workers > 0
      ? await startWorkerPool({ workers, settings, ...parts })
      : await startListener({ ...settings, ...parts })
  return new RunningGateway(connections, { limits, clock, logger })
}

interface Context {
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly logger: Logger
}

class RunningGateway implements Gateway {
  readonly address: { readonly host: string; readonly port: number }
  readonly #connections: GatewayCommands
  readonly #limits: GatewayLimits
  readonly #stopping = new AbortController()
  readonly #retiring: Promise<void>
  #stopped: Promise<void> | undefined

  constructor(connections: Listener | WorkerPool, context: Context) {
    this.#connections = connections
    this.#limits = context.limits
    this.address = connections.address
    this.#retiring = retireSessions(connections, context, this.#stopping.signal)
  }

  sessions() {
    return this.#connections.sessions()
  }

  park(...args: Parameters<GatewayCommands['park']>) {
    return this.#connections.park(...args)
  }

  settle(...args: Parameters<GatewayCommands['settle']>) {
    return this.#connections.settle(...args)
  }

  revive(...args: Parameters<GatewayCommands['revive']>) {
    return this.#connections.revive(...args)
  }

  retire(...args: Parameters<GatewayCommands['retire']>) {
    return this.#connections.retire(...args)
  }

  useCertificate(tls: TlsIdentity) {
    return this.#connections.useCertificate(tls)
  }

  stop(drainMs: number): Promise<void> {
    this.#stopping.abort()
    this.#stopped ??= this.#connections.stop(drainMs).then(() => this.#retiring)
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(this.#limits.drainMs)
  }
}
