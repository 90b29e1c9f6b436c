import type { Clock } from '../base/clock.ts'

const FREE_FAILURES = 5
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 3_000
const FORGET_MS = 60_000
const MOST_KEYS = 10_000

/** Slows down guessing: the answer to a failed login comes later the more often the same address failed for the same role. */
export class FailureDelays {
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; lastMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes a failure; how long its answer should be held back, in ms. */
  failed(key: string): number {
    const now = this.#clock.monotonicMs()
    const before = this.#failures.get(key)
    const count = before && now - before.lastMs < FORGET_MS ? before.count + 1 : 1
    // Deleted first, so that the map stays in the order of the latest failures.
    this.#failures.delete(key)
    this.#failures.set(key, { count, lastMs: now })
    const oldest = this.#failures.keys().next()
    if (this.#failures.size > MOST_KEYS && !oldest.done) this.#failures.delete(oldest.value)
    return count <= FREE_FAILURES
      ? 0
      : Math.min(FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES - 1), LONGEST_DELAY_MS)
  }

  succeeded(key: string): void {
    this.#failures.delete(key)
  }
}
