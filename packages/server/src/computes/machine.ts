// The states of a compute, as one table: which may follow, and what the API shows of each. One setter.
//
//   idle ──▶ starting ──▶ active ──▶ stopping ──▶ idle
//              │            │           │
//              └─▶ failed ◀─┴───────────┘           failed ──▶ starting
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

/** idle: no server. failed: the last start failed or the server ended by itself; the next wake tries again. */
export type ComputeState = 'idle' | 'starting' | 'active' | 'stopping' | 'failed'

/** An endpoint as the API shows it. */
export interface ShownState {
  readonly current_state: 'INIT' | 'IDLE' | 'ACTIVE' | 'DEGRADED'
  readonly pending_state?: 'IDLE' | 'ACTIVE'
}

/** What somebody asked of a compute and is not done yet. The control plane stores the last two, so that they are done after a kill too. */
export type AskedMove = 'WAKE' | 'SUSPEND' | 'RESTART'

interface StateRow {
  /** What may follow. */
  readonly next: readonly ComputeState[]
  readonly shown: ShownState
}

/** The legal moves of a compute, and what each state is called outside. An endpoint is INIT while its branch is being made: it has no compute. */
export const STATES: Readonly<Record<ComputeState, StateRow>> = {
  idle: { next: ['starting'], shown: { current_state: 'IDLE' } },
  starting: { next: ['active', 'failed'], shown: { current_state: 'IDLE', pending_state: 'ACTIVE' } },
  active: { next: ['stopping', 'failed'], shown: { current_state: 'ACTIVE' } },
  stopping: { next: ['idle', 'failed'], shown: { current_state: 'ACTIVE', pending_state: 'IDLE' } },
  failed: { next: ['starting'], shown: { current_state: 'DEGRADED' } },
}

/** What an endpoint comes to when that is done which was asked. */
const COMES_TO = { WAKE: 'ACTIVE', SUSPEND: 'IDLE', RESTART: 'ACTIVE' } as const satisfies Record<
  AskedMove,
  ShownState['pending_state']
>

/** What the API shows of a compute in a state of which something was asked. One that is where it is to be has nothing before it. */
export function shownState(state: ComputeState, asked?: AskedMove): ShownState {
  const { shown } = STATES[state]
  if (asked === undefined) return shown
  const isThere = asked !== 'RESTART' && shown.current_state === COMES_TO[asked]
  return isThere ? shown : { current_state: shown.current_state, pending_state: COMES_TO[asked] }
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
    if (!STATES[from].next.includes(to)) throw new Error(`compute ${uid}: ${from} cannot become ${to}`)
    this.#state = to
    this.#since = clock.now()
    log.info({ from, to, ...details }, 'compute changed its state')
    onStateChanged(uid, to, this.#since)
  }
}
