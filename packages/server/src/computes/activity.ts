import type { AwakeBecause } from './idle-check.ts'
import type { ComputeState, SuspendReason } from './machine.ts'

/** What people and the API may want to know about a compute. */
export interface ComputeActivity {
  readonly state: ComputeState
  /** Since when it is in this state. */
  readonly since: Date
  /** It is to start, and there is no memory for it yet. */
  readonly isWaiting: boolean
  /** Its size while it is awake, in CU. */
  readonly sizeCu: number | undefined
  readonly sessions: number
  readonly lastActiveAt: Date | undefined
  /** What kept it awake when it would otherwise have been suspended. */
  readonly awakeBecause: AwakeBecause | undefined
  readonly lastSuspendReason: SuspendReason | undefined
  /** Why the last start failed or the server ended by itself. */
  readonly lastError: string | undefined
}
