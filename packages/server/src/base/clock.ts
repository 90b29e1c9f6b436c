/**
 * Where time comes from. What follows a rule of the product takes one (expiry, idleness, retries, schedules, deadlines), so that a test can
 * let an hour pass. What waits for the kernel or for another process to do something (a port to open, a process to end) goes by real time.
 */
export interface Clock {
  /** Wall-clock time: for expiry dates and timestamps that people read. */
  now(): Date
  /** Milliseconds that never jump: for durations, idle times and deadlines. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. Does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason))
        return
      }
      const onAbort = () => {
        clearTimeout(timer)
        reject(asError(signal?.reason))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      timer.unref()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  },
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}

/** A clock that moves only when told to; wall clock and monotonic time move together. */
export class ManualClock implements Clock {
  #elapsedMs = 0
  readonly #start: number
  readonly #waiting = new Set<{ readonly at: number; readonly wake: () => void }>()

  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#start = start.getTime()
  }

  now(): Date {
    return new Date(this.#start + this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason))
        return
      }
      const waiter = { at: this.#elapsedMs + ms, wake: resolve }
      this.#waiting.add(waiter)
      signal?.addEventListener(
        'abort',
        () => {
          this.#waiting.delete(waiter)
          reject(asError(signal.reason))
        },
        { once: true },
      )
    })
  }

  /** Lets `ms` pass and wakes, in order, everyone whose time came. */
  advance(ms: number): void {
    this.#elapsedMs += ms
    const due = [...this.#waiting].filter((each) => each.at <= this.#elapsedMs).sort((a, b) => a.at - b.at)
    for (const each of due) {
      this.#waiting.delete(each)
      each.wake()
    }
  }
}
