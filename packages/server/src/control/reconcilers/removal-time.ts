// The time by which things go for good. A clock that is set far ahead, as by a machine that starts before it has asked anybody for the time,
// would end every retention at once; what is removed then does not come back when the clock does. So a jump is believed only after it has
// lasted. What deletes itself softly, as branches do, goes by the clock: an undelete brings it back.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Queries } from '../../metadata/database.ts'
import { findSetting, putSetting } from '../../metadata/settings.ts'

/** Setting: the last time that was believed, for a jump while the workspace was off. */
const BELIEVED = 'removal_time'
/** Further ahead than time has passed is a jump. A workspace that was off, or a machine that slept, for longer looks like one. */
const JUMP_MS = 86_400_000
/** How long a jump has to last, while the workspace runs. */
const DOUBT_MS = 15 * 60_000
/** How old the stored time may be. */
const STORE_EVERY_MS = 3_600_000

export class RemovalTime {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #queries: Queries
  #believed: { readonly ms: number; readonly monotonicMs: number } | undefined
  #doubtSince: number | undefined
  #storedMs: number | undefined

  constructor(parts: { readonly clock: Clock; readonly log: Logger; readonly queries: Queries }) {
    this.#clock = parts.clock
    this.#log = parts.log
    this.#queries = parts.queries
  }

  /** The time now, or, while a jump is in doubt, the one that it would be without it. */
  async now(): Promise<Date> {
    const [wall, monotonicMs] = [this.#clock.now().getTime(), this.#clock.monotonicMs()]
    this.#believed ??= { ms: await this.#stored(wall), monotonicMs }
    const expected = this.#believed.ms + monotonicMs - this.#believed.monotonicMs
    if (this.#isDoubtful(wall, expected, monotonicMs)) return new Date(expected)
    this.#believed = { ms: wall, monotonicMs }
    await this.#store(wall)
    return new Date(wall)
  }

  #isDoubtful(wall: number, expected: number, monotonicMs: number): boolean {
    if (wall - expected <= JUMP_MS) {
      this.#doubtSince = undefined
      return false
    }
    if (this.#doubtSince === undefined) {
      this.#doubtSince = monotonicMs
      const clock = new Date(wall).toISOString()
      this.#log.warn(
        { clock, expected: new Date(expected).toISOString(), minutes: DOUBT_MS / 60_000 },
        'the clock is more than a day ahead of what has passed: nothing is removed for good until that has lasted',
      )
    }
    return monotonicMs - this.#doubtSince < DOUBT_MS
  }

  async #stored(wall: number): Promise<number> {
    const stored = await findSetting(this.#queries, BELIEVED)
    if (stored === undefined) return wall
    this.#storedMs = Number(stored)
    return this.#storedMs
  }

  async #store(wall: number): Promise<void> {
    if (this.#storedMs !== undefined && Math.abs(wall - this.#storedMs) < STORE_EVERY_MS) return
    await putSetting(this.#queries, BELIEVED, String(wall))
    this.#storedMs = wall
  }
}
