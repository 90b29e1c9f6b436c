// What became of sessions, told in batches: once per turn of the event loop, whatever happened in it.
import type { GatewayControl, SessionEvent } from './control.ts'

export interface SessionReport extends Disposable {
  /** The client sent something. */
  active(): void
}

export class SessionReports {
  readonly #control: Pick<GatewayControl, 'report'>
  #events: SessionEvent[] = []

  constructor(control: Pick<GatewayControl, 'report'>) {
    this.#control = control
  }

  /** Reports a session as opened, and as closed when disposed. */
  open(of: { readonly session: string; readonly endpoint: string }): SessionReport {
    this.#add({ kind: 'opened', ...of })
    return {
      active: () => this.#add({ kind: 'active', ...of }),
      [Symbol.dispose]: () => this.#add({ kind: 'closed', ...of }),
    }
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
