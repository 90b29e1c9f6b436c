import { type Clock, systemClock } from '../src/base/clock.ts'

/** Goes on as the system's does, and can be set, forward and back. What waits is woken by the system's clock, as after a long sleep. */
export class SetClock implements Clock {
  #offsetMs = 0

  #jumpedMs = 0

  now = () => new Date(systemClock.now().getTime() + this.#offsetMs + this.#jumpedMs)
  monotonicMs = () => systemClock.monotonicMs() + Math.max(0, this.#offsetMs)
  sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal)

  set(to: Date): void {
    this.#offsetMs += to.getTime() - this.now().getTime()
  }

  /** As `move`, without time having passed for those who measure it. */
  jump(ms: number): void {
    this.#jumpedMs += ms
  }

  /** By so many milliseconds, back where they are less than zero. */
  move(ms: number): void {
    this.#offsetMs += ms
  }
}
