// A gateway's worker as seen by the thread that started it: what it asks is answered here, and what it leaves behind when it dies is cleared up.
import type { Worker } from 'node:worker_threads'
import type { Logger } from '../base/log.ts'
import { startThread } from '../base/thread.ts'
import type { GatewayControl, SessionEvent } from './control.ts'
import type { CancelKey } from './cancel-keys.ts'
import type { SharedState } from './shared.ts'
import { ThreadCalls, ThreadEndedError } from './thread-calls.ts'
import type { ParentMethods, WorkerMethods, WorkerSettings } from './worker-contract.ts'

export interface WorkerServices {
  readonly control: GatewayControl
  readonly shared: SharedState
  /** Its name is in each of its lines. */
  readonly logger: Logger
  /** A cancel request that the worker cannot place. */
  readonly cancelElsewhere: (from: WorkerThread, key: CancelKey, address: string) => Promise<void>
}

export class WorkerThread {
  readonly calls: ThreadCalls<WorkerMethods>
  /** Resolves when the thread has ended, with what it died of, if it did. */
  readonly exited: Promise<Error | undefined>
  readonly #worker: Worker
  readonly #services: WorkerServices
  readonly #log: Logger
  /** Connections that have a place. */
  readonly #connections = new Set<string>()
  /** Sessions that were reported as opened, with the last that was told of each. */
  readonly #sessions = new Map<string, Extract<SessionEvent, { kind: 'opened' | 'active' }>>()

  constructor(name: string, settings: WorkerSettings, services: WorkerServices) {
    this.#services = services
    this.#log = services.logger.child({ thread: name })
    this.#worker = startThread(import.meta.url, './worker', { name, workerData: settings })
    this.calls = new ThreadCalls<WorkerMethods>(this.#worker, this.#methods())
    this.exited = this.#untilExit()
  }

  terminate(): Promise<unknown> {
    return this.#worker.terminate()
  }

  async #untilExit(): Promise<Error | undefined> {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>()
    let reason: Error | undefined
    this.#worker.on('error', (error: Error) => (reason = error))
    this.#worker.once('exit', () => resolve(reason))
    await promise
    this.calls.close(new ThreadEndedError('the gateway thread has ended', { cause: reason }))
    this.#clearUp()
    return reason
  }

  #methods(): ParentMethods {
    const { control, shared, cancelElsewhere } = this.#services
    return {
      locate: (...args) => control.locate(...args),
      verify: (token) => control.verify(token),
      travel: (endpoint, moment) => control.travel(endpoint, moment),
      wake: (endpoint, connection) => control.wake(endpoint, connection),
      role: (...args) => control.role(...args),
      memory: (...args) => control.memory(...args),
      release: (connection) => control.release(connection),
      report: (events) => this.#report(events),
      admit: async (connection, place) => {
        await shared.admit(connection, place)
        this.#connections.add(connection)
      },
      leave: (connection) => {
        shared.leave(connection)
        this.#connections.delete(connection)
      },
      loginFailed: (key) => shared.loginFailed(key),
      loginSucceeded: (key) => shared.loginSucceeded(key),
      cancelElsewhere: (key, address) => cancelElsewhere(this, key, address),
      log: (line) => this.#write(line),
    }
  }

  #report(events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.kind === 'opened' || event.kind === 'active') this.#sessions.set(event.session, event)
      if (event.kind === 'closed') this.#sessions.delete(event.session)
    }
    this.#services.control.report(events)
  }

  #write(line: string): void {
    const { level, time: _, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
    const { labels } = this.#log.levels
    const write = labels[Number(level)] as 'debug' | 'info' | 'warn' | 'error'
    this.#log[write](fields, String(msg))
  }

  /** A thread that stopped by itself leaves nothing; of one that died the connections are gone, and nobody else says so. */
  #clearUp(): void {
    const { control, shared } = this.#services
    const closed = Array.from(this.#sessions.values(), (last) => ({
      kind: 'closed' as const,
      session: last.session,
      endpoint: last.endpoint,
      bytes: last.kind === 'active' ? last.bytes : { fromClient: 0, toClient: 0 },
    }))
    if (closed.length > 0) control.report(closed)
    for (const connection of this.#connections) {
      control.release(connection)
      shared.leave(connection)
    }
    this.#sessions.clear()
    this.#connections.clear()
  }
}
