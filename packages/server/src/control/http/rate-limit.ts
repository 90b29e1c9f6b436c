import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'

export interface RateLimit {
  /** Requests per second that one principal may make in the long run. */
  readonly perSecond: number
  /** How many it may make at once after a pause. */
  readonly burst: number
}

/** Far above what people and deployments need; it stops a client that has gone wild. */
export const DEFAULT_RATE_LIMIT: RateLimit = { perSecond: 1000, burst: 5000 }

const MOST_BUCKETS = 10_000

interface Bucket {
  tokens: number
  atMs: number
}

/** Takes one request of `who` (a principal or an address). LakeletError `rate_limited` when it made too many. */
export function createRateLimiter(limit: RateLimit, clock: Clock): (who: string) => void {
  const buckets = new Map<string, Bucket>()
  return (who) => {
    const now = clock.monotonicMs()
    const bucket = buckets.get(who)
    if (!bucket) {
      if (buckets.size >= MOST_BUCKETS) forgetFull(buckets, limit, now)
      buckets.set(who, { tokens: limit.burst - 1, atMs: now })
      return
    }
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.atMs) / 1000) * limit.perSecond)
    bucket.atMs = now
    if (bucket.tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / limit.perSecond))
      throw new LakeletError('rate_limited', { seconds })
    }
    bucket.tokens -= 1
  }
}

/** A bucket that is full again says no more than none; where none is, the oldest half goes. */
function forgetFull(buckets: Map<string, Bucket>, limit: RateLimit, now: number): void {
  for (const [who, bucket] of buckets) {
    if (bucket.tokens + ((now - bucket.atMs) / 1000) * limit.perSecond >= limit.burst) buckets.delete(who)
  }
  if (buckets.size < MOST_BUCKETS) return
  for (const who of [...buckets.keys()].slice(0, MOST_BUCKETS / 2)) buckets.delete(who)
}
