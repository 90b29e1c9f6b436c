import assert from 'node:assert/strict'
import type { PoolLike } from './scenario.ts'

export const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

/** Milliseconds that an action took, and how it ended. */
export async function timed<T>(
  action: () => Promise<T>,
): Promise<{ ms: number; value?: T; error?: Error & { code?: string } }> {
  const startedAt = performance.now()
  try {
    const value = await action()
    return { ms: performance.now() - startedAt, value }
  } catch (error) {
    return { ms: performance.now() - startedAt, error: error as Error & { code?: string } }
  }
}

/** Waits until `holds`, checking often; fails with `what` after `ms`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 30_000,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(`not within ${ms} ms: ${what}`)
    await wait(10)
  }
}

/** Opens `count` connections at once and holds them until all are there; gives the failures. */
export async function connectAtOnce(pool: PoolLike, count: number): Promise<unknown[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, () => pool.connect()))
  for (const result of results) if (result.status === 'fulfilled') result.value.release()
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
}

/** A connection of its own, used once and thrown away. */
export async function connectOnce(pool: PoolLike): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('select 1')
  } finally {
    client.release(true)
  }
}

/** `1234` → `1.2 s`, `12.3` → `12 ms`. */
export function shown(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`
}
