import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ClientEvent } from '../ports.ts'

/** Of a connection to an awake compute, to one that wakes, and to one that recovers. Seconds. */
const WAITS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What the gateway's clients did, counted from what it tells. */
export class GatewayMetrics {
  readonly #open: Gauge
  readonly #sessions: Counter
  readonly #logins: Counter
  readonly #refusals: Counter
  readonly #bytes: Counter
  readonly #waits: Histogram
  /** Of each open session, what was told of it last. */
  readonly #told = new Map<string, { readonly fromClient: number; readonly toClient: number }>()

  constructor(registry: Registry) {
    const registers = [registry]
    this.#open = new Gauge({ name: 'lakelet_gateway_sessions', help: 'Open sessions', registers })
    this.#sessions = new Counter({
      name: 'lakelet_gateway_sessions_opened_total',
      help: 'Sessions that began, by how the client named its endpoint',
      labelNames: ['route'],
      registers,
    })
    this.#logins = new Counter({
      name: 'lakelet_gateway_logins_total',
      help: 'Logins by what was shown and what became of them',
      labelNames: ['auth', 'result'],
      registers,
    })
    this.#refusals = new Counter({
      name: 'lakelet_gateway_refusals_total',
      help: 'Clients that were told to go away before their session began, by SQLSTATE',
      labelNames: ['sqlstate'],
      registers,
    })
    this.#bytes = new Counter({
      name: 'lakelet_gateway_bytes_total',
      help: 'Bytes of the protocol that went through sessions; in = from clients',
      labelNames: ['direction'],
      registers,
    })
    this.#waits = new Histogram({
      name: 'lakelet_gateway_connect_seconds',
      help: 'How long a client that had logged in waited for its compute and its backend',
      buckets: WAITS,
      registers,
    })
  }

  report(events: readonly ClientEvent[]): void {
    for (const event of events) {
      if (event.kind === 'opened') this.#opened(event)
      else if (event.kind === 'refused') this.#refused(event)
      else this.#moved(event)
    }
    this.#open.set(this.#told.size)
  }

  #opened({ session, route, auth, connectMs }: Extract<ClientEvent, { kind: 'opened' }>): void {
    this.#told.set(session, { fromClient: 0, toClient: 0 })
    this.#sessions.inc({ route })
    this.#logins.inc({ auth, result: 'accepted' })
    this.#waits.observe(connectMs / 1000)
  }

  #refused({ sqlState, auth }: Extract<ClientEvent, { kind: 'refused' }>): void {
    this.#refusals.inc({ sqlstate: sqlState })
    if (auth !== undefined) this.#logins.inc({ auth, result: 'refused' })
  }

  #moved({ kind, session, bytes }: Extract<ClientEvent, { kind: 'active' | 'closed' }>): void {
    const before = this.#told.get(session)
    if (!before) return
    this.#bytes.inc({ direction: 'in' }, Math.max(0, bytes.fromClient - before.fromClient))
    this.#bytes.inc({ direction: 'out' }, Math.max(0, bytes.toClient - before.toClient))
    if (kind === 'closed') this.#told.delete(session)
    else this.#told.set(session, bytes)
  }
}
