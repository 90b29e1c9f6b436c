// A gateway in several threads. Each accepts for itself: all listen on one port (SO_REUSEPORT), and the system deals connections out among
// them, since a socket cannot move from thread to thread. Why so: docs/decisions/0012-gateway-workers.md.
import { createServer } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { type ErrorData, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { CancelKey } from './cancel-keys.ts'
import type {
  BackendAddress,
  GatewayCommands,
  GatewayControl,
  ParkResult,
  SessionInfo,
  TlsIdentity,
} from './control.ts'
import type { ListenerSettings } from './listener.ts'
import type { SharedState } from './shared.ts'
import { ThreadEndedError } from './thread-calls.ts'
import type { WorkerSettings } from './worker-contract.ts'
import { WorkerThread } from './worker-thread.ts'

export interface WorkerPoolOptions {
  readonly workers: number
  readonly settings: ListenerSettings
  readonly control: GatewayControl
  readonly shared: SharedState
  readonly clock: Clock
  readonly logger: Logger
}

/** A worker that dies is started again after this, and after twice as long each time that it died within a minute. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000
const STEADY_MS = 60_000
/** What a stop may take beyond its deadlines before a thread that does not answer is ended. */
const GRACE_MS = 5_000

/** Rejects with the system's EADDRINUSE, or `config_invalid` where the system cannot share a port. */
export async function startWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const { host, port } = options.settings
  await requireFree(host, port)
  const pool = new WorkerPool(options)
  try {
    await pool.listen(port)
    return pool
  } catch (error) {
    await pool.stop(0)
    throw error
  }
}

export class WorkerPool implements GatewayCommands {
  readonly #options: WorkerPoolOptions
  readonly #threads: WorkerThread[]
  readonly #stopping = new AbortController()
  readonly #keeping: Promise<void>[] = []
  #address = { host: '', port: 0 }
  #tls: TlsIdentity

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#tls = options.settings.tls
    this.#threads = Array.from({ length: options.workers }, (_, index) => this.#start(index))
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.#address
  }

  /** The first takes the port, any free one for 0; the others take the same. */
  async listen(port: number): Promise<void> {
    const [first, ...others] = this.#threads
    if (!first) throw new Error('a gateway of no threads')
    try {
      this.#address = await first.calls.call('listen', port)
    } catch (error) {
      throw cannotShare(error) ? sharingUnsupported() : error
    }
    await Promise.all(others.map((thread) => thread.calls.call('listen', this.#address.port)))
    for (const index of this.#threads.keys()) this.#keeping.push(this.#keep(index))
  }

  async sessions(): Promise<readonly SessionInfo[]> {
    return (await this.#askAll((thread) => thread.calls.call('sessions'))).flat()
  }

  async park(endpoint: string, deadlineMs: number): Promise<ParkResult> {
    const results = await this.#askAll((thread) => thread.calls.call('park', endpoint, deadlineMs))
    return {
      parked: results.reduce((sum, { parked }) => sum + parked, 0),
      refused: results.flatMap(({ refused }) => refused),
    }
  }

  async settle(endpoint: string, outcome: 'parked' | 'released'): Promise<void> {
    await this.#askAll((thread) => thread.calls.call('settle', endpoint, outcome))
  }

  async revive(endpoint: string, address: BackendAddress, deadlineMs: number): Promise<void> {
    await this.#askAll((thread) => thread.calls.call('revive', endpoint, address, deadlineMs))
  }

  async retire(ids: readonly string[], reason: ErrorData): Promise<void> {
    await this.#askAll((thread) => thread.calls.call('retire', ids, reason))
  }

  async useCertificate(tls: TlsIdentity): Promise<void> {
    this.#tls = tls
    await this.#askAll((thread) => thread.calls.call('useCertificate', tls))
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort()
    const { clock, settings } = this.#options
    await Promise.all(
      this.#threads.map(async (thread) => {
        const met = new AbortController()
        const late = clock.sleep(drainMs + settings.limits.stopMs + GRACE_MS, met.signal).catch(() => {})
        // One that has died has nothing to stop.
        const stopped = thread.calls.call('stop', drainMs).catch(() => {})
        await Promise.race([stopped, late]).finally(() => met.abort())
        await thread.terminate()
        await thread.exited
      }),
    )
    await Promise.all(this.#keeping)
  }

  /** The answers of all threads; one that ends meanwhile has none. */
  async #askAll<T>(ask: (thread: WorkerThread) => Promise<T>): Promise<T[]> {
    const answers = this.#threads.map((thread) =>
      ask(thread).catch((error: unknown) => {
        if (!(error instanceof ThreadEndedError)) throw error
        return undefined
      }),
    )
    return (await Promise.all(answers)).filter((answer) => answer !== undefined)
  }

  #start(index: number): WorkerThread {
    const { settings, control, shared, logger, workers } = this.#options
    const limits = {
      ...settings.limits,
      // Each bounds its own.
      maxUnauthenticated: Math.ceil(settings.limits.maxUnauthenticated / workers),
    }
    const workerSettings: WorkerSettings = {
      settings: { ...settings, tls: this.#tls, limits },
      logLevel: logger.level,
    }
    return new WorkerThread(`gateway-${index + 1}`, workerSettings, {
      control,
      shared,
      logger,
      cancelElsewhere: (from, key, address) => this.#cancel(from, key, address),
    })
  }

  async #cancel(from: WorkerThread, key: CancelKey, address: string): Promise<void> {
    const others = this.#threads.filter((thread) => thread !== from)
    const answers = await Promise.all(
      others.map((thread) => thread.calls.call('cancel', key).catch(() => false)),
    )
    if (!answers.includes(true)) await this.#options.shared.cancelElsewhere(key, address)
  }

  /** Starts a thread again whenever it dies. */
  async #keep(index: number): Promise<void> {
    const { clock, logger } = this.#options
    const { signal } = this.#stopping
    let pause = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      const error = await this.#threads[index]?.exited
      if (signal.aborted) return
      logger.error({ err: error, thread: index + 1 }, 'a thread of the gateway died; its sessions ended')
      if (clock.monotonicMs() - startedMs >= STEADY_MS) pause = FIRST_PAUSE_MS
      await clock.sleep(pause, signal).catch(() => {})
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      if (!signal.aborted) await this.#restart(index)
    }
  }

  async #restart(index: number): Promise<void> {
    const thread = this.#start(index)
    this.#threads[index] = thread
    try {
      await thread.calls.call('listen', this.#address.port)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#options.logger.error({ err: error, thread: index + 1 }, 'a thread of the gateway cannot listen')
      await thread.terminate()
    }
  }
}

/** A port that is shared among us must be nobody else's: the system lets every program of this user share it. */
async function requireFree(host: string, port: number): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
}

function cannotShare(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'ENOPROTOOPT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function sharingUnsupported(): LakeletError {
  return new LakeletError('config_invalid', {
    source: "the setting 'gateway.workers'",
    reason: 'this system cannot share a port among threads (SO_REUSEPORT); set it to 0',
  })
}
