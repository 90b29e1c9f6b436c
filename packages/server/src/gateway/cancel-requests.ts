import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { cancelBackend } from './cancel-backend.ts'
import { type CancelKey, CancelKeys } from './cancel-keys.ts'

const MINUTE_MS = 60_000
const MOST_ADDRESSES = 10_000

/**
 * Takes cancel requests: a right key reaches its backend and no other, a wrong one meets silence. However many wrong ones an address sends, its
 * right ones work: somebody else may share the address. Many wrong ones are told to the log.
 */
export class CancelRequests {
  readonly keys = new CancelKeys()
  readonly #clock: Clock
  readonly #log: Logger
  readonly #wrongPerMinute: number
  #minute = 0
  readonly #wrong = new Map<string, number>()

  constructor(clock: Clock, log: Logger, wrongPerMinute: number) {
    this.#clock = clock
    this.#log = log
    this.#wrongPerMinute = wrongPerMinute
  }

  /** Resolves when the backend has been signalled, or at once for a wrong key. The client gets no answer either way. */
  async handle(key: CancelKey, address: string): Promise<void> {
    const target = this.keys.find(key)
    if (target) await cancelBackend(target)
    else this.#countWrong(address)
  }

  #countWrong(address: string): void {
    const minute = Math.floor(this.#clock.monotonicMs() / MINUTE_MS)
    if (minute !== this.#minute) this.#wrong.clear()
    this.#minute = minute
    if (this.#wrong.size >= MOST_ADDRESSES && !this.#wrong.has(address)) return
    const count = (this.#wrong.get(address) ?? 0) + 1
    this.#wrong.set(address, count)
    if (count === this.#wrongPerMinute)
      this.#log.warn({ address, count }, 'an address sends many cancel requests with wrong keys')
  }
}
