import type { Clock } from '../clock.ts'

/** A deadline that starts anew in each phase of an attempt, as one signal. */
export class PhaseLimit {
  readonly #clock: Clock
  readonly #late = new AbortController()
  readonly signal: AbortSignal
  #timer = new AbortController()

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.signal = AbortSignal.any([signal, this.#late.signal])
  }

  start(ms: number): void {
    this.#timer.abort()
    this.#timer = new AbortController()
    const silence = Object.assign(new Error(`no answer from the server within ${ms} ms`), {
      code: 'ETIMEDOUT',
    })
    this.#clock.sleep(ms, { signal: this.#timer.signal }).then(
      () => this.#late.abort(silence),
      () => {},
    )
  }

  end(): void {
    this.#timer.abort()
  }
}
