import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

const MINUTE_MS = 60_000
const MOST_ADDRESSES = 10_000

/**
 * Counts cancel requests with a wrong key per address and tells the log of many. However many an address sends, its right ones work:
 * somebody else may share the address.
 */
export class WrongCancels {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #perMinute: number
  #minute = 0
  readonly #counts = new Map<string, number>()

  constructor(clock: Clock, log: Logger, perMinute: number) {
    this.#clock = clock
    this.#log = log
    this.#perMinute = perMinute
  }

  count(address: string): void {
    const minute = Math.floor(this.#clock.monotonicMs() / MINUTE_MS)
    if (minute !== this.#minute) this.#counts.clear()
    this.#minute = minute
    if (this.#counts.size >= MOST_ADDRESSES && !this.#counts.has(address)) return
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    if (count === this.#perMinute)
      this.#log.warn({ address, count }, 'an address sends many cancel requests with wrong keys')
  }
}
