// The states of a compute, as a table of legal moves with one setter:
//
//   idle ──▶ starting ──▶ active ──▶ stopping ──▶ idle
//              │            │           │
//              └─▶ failed ◀─┴───────────┘           failed ──▶ starting
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

/** idle: no server. failed: the last start failed or the server ended by itself; the next wake tries again. */
export type ComputeState = 'idle' | 'starting' | 'active' | 'stopping' | 'failed'

/** The legal moves of a compute. */
export const MOVES: Readonly<Record<ComputeState, readonly ComputeState[]>> = {
  idle: ['starting'],
  starting: ['active', 'failed'],
  active: ['stopping', 'failed'],
  stopping: ['idle', 'failed'],
  failed: ['starting'],
}

/** Why a compute was suspended; shown to people. */
export type SuspendReason =
  | 'idle'
  | 'asked'
  | 'disabled'
  | 'deleted'
  | 'restart'
  | 'replaced'
  | 'workspace stops'

/** Called after each change of state, in order. Must not throw. */
export type StateListener = (uid: string, state: ComputeState, at: Date) => void

export interface MachineOptions {
  readonly uid: string
  readonly clock: Clock
  readonly log: Logger
  readonly onStateChanged: StateListener
}

export class ComputeMachine {
  readonly #options: MachineOptions
  #state: ComputeState = 'idle'
  #since: Date

  constructor(options: MachineOptions) {
    this.#options = options
    this.#since = options.clock.now()
  }

  get state(): ComputeState {
    return this.#state
  }

  /** Since when it is in this state. */
  get since(): Date {
    return this.#since
  }

  /** Goes on to `to`; `details` go to the log. An illegal move is a fault of the caller and throws. */
  move(to: ComputeState, details: object = {}): void {
    const { uid, clock, log, onStateChanged } = this.#options
    const from = this.#state
    if (!MOVES[from].includes(to)) throw new Error(`compute ${uid}: ${from} cannot become ${to}`)
    this.#state = to
    this.#since = clock.now()
    log.info({ from, to, ...details }, 'compute changed its state')
    onStateChanged(uid, to, this.#since)
  }
}
