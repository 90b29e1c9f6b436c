import type { Clock } from './clock.ts'

/** Aborts when its time has come; disposing it before lets the clock go. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
}

/** A deadline `ms` from now, after which whoever waits is told `reason`; an abort of `sooner` ends the wait before, with its own reason. */
export function startDeadline(clock: Clock, ms: number, reason: Error, sooner?: AbortSignal): Deadline {
  const late = new AbortController()
  const given = new AbortController()
  clock.sleep(ms, given.signal).then(
    () => late.abort(reason),
    () => undefined,
  )
  return {
    signal: sooner ? AbortSignal.any([late.signal, sooner]) : late.signal,
    [Symbol.dispose]: () => given.abort(),
  }
}
