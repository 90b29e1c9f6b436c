// What a kind of long-running operation consists of: steps as data, each with its undo.
import type { Logger } from '../base/log.ts'
import type { Queries } from '../metadata/database.ts'

/** One run of an operation as its steps see it. */
export interface OperationRun<I> {
  readonly id: string
  readonly input: I
  /** What earlier steps returned and what was noted, merged. */
  readonly progress: Readonly<Record<string, unknown>>
  /**
   * Adds to the progress and stores it before the step goes on: what a later try of the same step needs to tell whether an
   * earlier one did its work.
   */
  note(progress: Readonly<Record<string, unknown>>): Promise<void>
  /** Aborted when the workspace stops; the operation goes on at the next start. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/**
 * A step. A crash can come after its work and before that is stored, so `run` must do no harm when it runs again, and
 * `undo` must work after a `run` that did all, part or nothing.
 */
export interface Step<I> {
  readonly name: string
  /** What it returns is stored with the progress. */
  run(run: OperationRun<I>): Promise<Readonly<Record<string, unknown>> | void>
  undo?(run: OperationRun<I>): Promise<void>
}

/** Why an operation failed, as it is stored and shown. */
export interface OperationFailure {
  readonly error_code: string
  readonly message: string
}

export interface OperationKind<I extends object> {
  /** Unique and stable: it is stored. */
  readonly name: string
  /** The word in the reply's metadata `@type`, such as Branch. */
  readonly metadataType: string
  readonly steps: readonly Step<I>[]
  /** Makes the result visible, in the transaction that marks the operation as done; returns the reply's `response`. */
  complete(queries: Queries, run: OperationRun<I>): Promise<object>
  /** Takes the stored intent back, in the transaction that marks the operation as failed. */
  abandon?(queries: Queries, run: OperationRun<I>, failure: OperationFailure): Promise<void>
  /**
   * Called once the end is stored, in the process that stored it: a kill in between loses the call, so nothing that must happen may
   * depend on it. Must not throw.
   */
  ended?(run: OperationRun<I>, failure: OperationFailure | undefined): void
}

/** What is kept from others while an operation runs: a path that covers everything below it. */
export interface Lock {
  readonly scope: string
  readonly mode: 'shared' | 'exclusive'
}

/** Whether two operations must not run at the same time. */
export function conflict(one: Lock, other: Lock): boolean {
  if (one.mode === 'shared' && other.mode === 'shared') return false
  return covers(one.scope, other.scope) || covers(other.scope, one.scope)
}

function covers(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}
