// What became of sessions, told in batches: once per turn of the event loop, whatever happened in it.
import type { AuthKind, GatewayControl, Route, SessionEvent, TrafficBytes } from './control.ts'

export interface SessionReport extends Disposable {
  /** The client sent something; `bytes` in all so far. */
  active(bytes: TrafficBytes): void
}

const NO_BYTES: TrafficBytes = { fromClient: 0, toClient: 0 }

/** A session as it begins. */
export interface OpenedSession {
  readonly session: string
  readonly endpoint: string
  readonly route: Route
  readonly auth: AuthKind
  readonly connectMs: number
}

export class SessionReports {
  readonly #control: Pick<GatewayControl, 'report'>
  #events: SessionEvent[] = []

  constructor(control: Pick<GatewayControl, 'report'>) {
    this.#control = control
  }

  /** Reports a session as opened, and as closed when disposed; `bytesOf` tells then what went through it. */
  open(opened: OpenedSession, bytesOf: () => TrafficBytes | undefined): SessionReport {
    const { session, endpoint } = opened
    this.#add({ kind: 'opened', ...opened })
    return {
      active: (bytes) => this.#add({ kind: 'active', session, endpoint, bytes }),
      [Symbol.dispose]: () => this.#add({ kind: 'closed', session, endpoint, bytes: bytesOf() ?? NO_BYTES }),
    }
  }

  /** A client was told to go away. */
  refused(session: string, sqlState: string, auth: AuthKind | undefined): void {
    this.#add({ kind: 'refused', session, sqlState, ...(auth ? { auth } : {}) })
  }

  /** Tells at once what has not been told. */
  flush(): void {
    const events = this.#events
    if (events.length === 0) return
    this.#events = []
    this.#control.report(events)
  }

  #add(event: SessionEvent): void {
    this.#events.push(event)
    if (this.#events.length === 1) setImmediate(() => this.flush())
  }
}
