import { expect, test } from 'vitest'
import { StartBackoff } from './start-backoff.ts'

test('the second failure in a row is kept, longer each time, until a start succeeds', () => {
  const backoff = new StartBackoff()
  const isKept = (nowMs: number) => {
    try {
      backoff.throwIfKept(nowMs)
      return false
    } catch {
      return true
    }
  }
  const lastKept: (number | undefined)[] = []
  for (let failure = 0; failure < 10; failure += 1) {
    backoff.failed(new Error('broken'), 0)
    lastKept.push(Array.from({ length: 620 }, (_, n) => n * 50).findLast(isKept))
  }
  expect(lastKept).toEqual([undefined, 450, 950, 1950, 3950, 7950, 15_950, 29_950, 29_950, 29_950])
  backoff.succeeded()
  expect(isKept(0)).toBe(false)
  expect(backoff.failures).toBe(0)
})
