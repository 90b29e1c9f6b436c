// Which actions are legal in which state of a resource, as data: the server checks by these tables, and a console disables by them
// what the server would refuse, with the same words.
import type { LakeletError } from '../errors/lakelet-error.ts'

/** One thing that must be so for an action. */
export interface Condition<S> {
  /** For documents: what must be so. */
  readonly needs: string
  /** Why `subject` does not meet it; undefined where it does. */
  readonly refusal: (subject: S) => LakeletError | undefined
  /** Set where the server does the action all the same, to no effect: only who offers it looks at the condition. */
  readonly isForOffers?: true
}

/** The actions of a resource, each with what must be so, in the order in which it is looked at. */
export type ActionTable<S> = Readonly<Record<string, readonly Condition<S>[]>>

/** Why `action` is not to be offered on `subject`, the first reason there is; undefined where it is. */
export function refusalOf<S, T extends ActionTable<S>>(
  table: T,
  action: keyof T,
  subject: S,
): LakeletError | undefined {
  for (const condition of table[action] ?? []) {
    const refusal = condition.refusal(subject)
    if (refusal) return refusal
  }
  return undefined
}

/** Throws the reason for which `action` is not legal on `subject`. */
export function requireAction<S, T extends ActionTable<S>>(table: T, action: keyof T, subject: S): void {
  for (const condition of table[action] ?? []) {
    const refusal = condition.isForOffers ? undefined : condition.refusal(subject)
    if (refusal) throw refusal
  }
}
