import { abortReason } from '../clock.ts'
import type { Clock, SleepOptions } from '../clock.ts'

interface Waiter {
  readonly at: number
  wake(): void
}

/** A clock that moves when told to. Wall clock and monotonic clock can be moved apart, as a suspended laptop does. */
export class ManualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  readonly #waiters = new Set<Waiter>()

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#wallMs = start.getTime()
  }

  now(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** How many sleeps are pending. */
  get sleepers(): number {
    return this.#waiters.size
  }

  sleep(ms: number, { signal }: SleepOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortReason(signal))
        return
      }
      const onAbort = () => {
        this.#waiters.delete(waiter)
        reject(abortReason(signal))
      }
      const wake = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter = { at: this.#monotonicMs + ms, wake }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Lets `ms` pass on both clocks, waking sleepers in the order of their times. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    for (;;) {
      const next = [...this.#waiters]
        .filter(({ at }) => at <= end)
        .sort((left, right) => left.at - right.at)[0]
      const step = Math.max(0, (next?.at ?? end) - this.#monotonicMs)
      this.#monotonicMs += step
      this.#wallMs += step
      if (!next) break
      this.#waiters.delete(next)
      next.wake()
      await settle()
    }
    await settle()
  }

  /** Moves both clocks without waking anybody: the process was frozen, its timers are late. */
  freeze(ms: number): void {
    this.#monotonicMs += ms
    this.#wallMs += ms
  }

  /** Sets the wall clock alone: somebody changed the time, or the machine slept. */
  stepWallClock(ms: number): void {
    this.#wallMs += ms
  }
}

/** Lets what was woken run until it waits again. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
