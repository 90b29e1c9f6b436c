/** Where time comes from. Tests inject their own, so that an hour passes at will. */
export interface Clock {
  /** Wall-clock time in ms since 1970: only for dates that people read and to notice that the machine slept. */
  now(): number
  /** Milliseconds that never jump: for lives, deadlines and backoff. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when that comes first. */
  sleep(ms: number, options?: SleepOptions): Promise<void>
}

export interface SleepOptions {
  signal?: AbortSignal | undefined
  /** True when nobody waits for this: such a timer does not keep the process alive. */
  background?: boolean
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, { signal, background = false } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortReason(signal))
        return
      }
      const onAbort = () => {
        clearTimeout(timer)
        reject(abortReason(signal))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      if (background) timer.unref()
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}

/** The reason of an aborted signal, always an Error. */
export function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}

/** Settles as `promise` does, or rejects with the signal's reason when that comes first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal))
    if (signal.aborted) {
      onAbort()
      promise.catch(() => {})
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
