import type { Clock } from '../base/clock.ts'
import { cancelBackend } from './cancel-backend.ts'
import { type CancelKey, CancelKeys } from './cancel-keys.ts'

const MINUTE_MS = 60_000

/** Takes cancel requests: a right key reaches its backend and no other, a wrong one meets silence. */
export class CancelDesk {
  readonly keys = new CancelKeys()
  readonly #clock: Clock
  readonly #wrongPerMinute: number
  #minute = 0
  readonly #wrong = new Map<string, number>()

  constructor(clock: Clock, wrongPerMinute: number) {
    this.#clock = clock
    this.#wrongPerMinute = wrongPerMinute
  }

  /** Resolves when the backend has been signalled, or at once for a wrong key. The client gets no answer either way. */
  async handle(key: CancelKey, address: string): Promise<void> {
    const minute = Math.floor(this.#clock.monotonicMs() / MINUTE_MS)
    if (minute !== this.#minute) this.#wrong.clear()
    this.#minute = minute
    const wrong = this.#wrong.get(address) ?? 0
    if (wrong >= this.#wrongPerMinute) return
    const target = this.keys.find(key)
    if (target) await cancelBackend(target)
    else this.#wrong.set(address, wrong + 1)
  }
}
