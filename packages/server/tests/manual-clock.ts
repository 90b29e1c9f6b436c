// The clock of tests that let time pass: the connector's, which it gives to its own users' tests, as the server's `Clock`.
import { ManualClock as Moved } from '../../connect/src/testing/manual-clock.ts'
import type { Clock } from '../src/base/clock.ts'

/** A clock that moves only when told to; wall clock and monotonic time move together. */
export class ManualClock implements Clock {
  readonly #clock: Moved

  constructor(start?: Date) {
    this.#clock = new Moved(start)
  }

  now(): Date {
    return new Date(this.#clock.now())
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal ? { signal } : {})
  }

  /** Lets `ms` pass and wakes, in order, everyone whose time came; resolves when they wait again. */
  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms)
  }
}
