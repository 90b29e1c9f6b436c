// When a compute was last used, put together from what the gateway sees and what the catalogs tell now and then.
import type { ServerActivity } from './idle-check.ts'

/** A compute that something keeps awake is looked at again after this long. */
const RECHECK_MS = 1000

export class IdleWatch {
  #lastActiveMs: number
  #recheckAtMs = 0
  #newestChange: string | null = null

  constructor(nowMs: number) {
    this.#lastActiveMs = nowMs
  }

  touch(nowMs: number): void {
    this.#lastActiveMs = nowMs
  }

  isTouchedSince(ms: number): boolean {
    return this.#lastActiveMs >= ms
  }

  /** True when it has not been used for `afterMs` and is to be looked at. */
  isDue(afterMs: number | null, nowMs: number): boolean {
    return afterMs !== null && nowMs - this.#lastActiveMs >= afterMs && nowMs >= this.#recheckAtMs
  }

  /** What sessions have done since the last look was our own doing. */
  overlook(activity: ServerActivity, afterMs: number | null, seenAtMs: number): void {
    this.#newestChange = activity.newestChange
    this.#recheckAtMs = seenAtMs + Math.min(RECHECK_MS, afterMs ?? RECHECK_MS)
  }

  /** Takes in what the catalogs said at `seenAtMs`. A session that keeps the compute awake puts the next look off. */
  saw(activity: ServerActivity, afterMs: number | null, seenAtMs: number): void {
    if (activity.newestChange !== this.#newestChange) {
      this.#newestChange = activity.newestChange
      this.#lastActiveMs = Math.max(this.#lastActiveMs, seenAtMs - (activity.newestChangeAgeMs ?? 0))
    }
    this.#recheckAtMs = activity.awakeBecause ? seenAtMs + Math.min(RECHECK_MS, afterMs ?? RECHECK_MS) : 0
  }
}
