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
