export interface Backoff {
  readonly baseMs: number
  readonly factor: number
  readonly capMs: number
}

/** 100 ms, doubling, at most 2 s: the default of every retry here. */
export const standardBackoff: Backoff = { baseMs: 100, factor: 2, capMs: 2000 }

/** The wait before try number `failures + 1`: "full jitter" (uniform over the step) but never under a quarter of it. */
export function backoffMs(
  failures: number,
  backoff: Backoff = standardBackoff,
  random: () => number = Math.random,
) {
  const step = Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** Math.max(0, failures - 1))
  return step * (0.25 + 0.75 * random())
}
