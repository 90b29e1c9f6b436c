import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideSize, type ScalingSignals, sizeAtLeast, sizeGoal } from './goal.ts'
import { LoadAverage } from './load-average.ts'

const GB = 1_000_000_000

const load = fc.record({
  load1: fc.double({ min: 0, max: 200, noNaN: true }),
  load5: fc.double({ min: 0, max: 200, noNaN: true }),
  sustained: fc.integer({ min: 0, max: 200 }),
})
const bytes = fc.integer({ min: 0, max: 300 * GB })
const signals = fc.record({
  load,
  memoryBytes: bytes,
  cache: fc.record({ cachedBytes: bytes, workingSetBytes: bytes }),
})
/** Sizes as an endpoint may have them. */
const size = fc.integer({ min: 1, max: 128 }).map((halves) => halves / 2)
const range = fc.tuple(size, size).map(([a, b]) => ({ minCu: Math.min(a, b), maxCu: Math.max(a, b) }))

function quiet(part: Partial<ScalingSignals> = {}): ScalingSignals {
  return { load: { load1: 0, load5: 0, sustained: 0 }, memoryBytes: 0, ...part }
}

describe('the goal', () => {
  test.each([
    ['nothing', quiet(), 0.5],
    ['a quarter of a process', quiet({ load: { load1: 0.25, load5: 0, sustained: 0 } }), 0.5],
    ['one process', quiet({ load: { load1: 1, load5: 1, sustained: 1 } }), 1],
    ['one that came a moment ago and stays', quiet({ load: { load1: 0.16, load5: 0.03, sustained: 1 } }), 1],
    ['four processes', quiet({ load: { load1: 4, load5: 1, sustained: 4 } }), 5],
    ['a memory of 600 MB', quiet({ memoryBytes: 0.6 * GB }), 0.5],
    ['a memory of 700 MB', quiet({ memoryBytes: 0.7 * GB }), 1],
    ['a memory of 3 GB', quiet({ memoryBytes: 3 * GB }), 3],
    [
      'a working set of 4.9 GB',
      quiet({ memoryBytes: 0.3 * GB, cache: { cachedBytes: 8 * GB, workingSetBytes: 4.9 * GB } }),
      3,
    ],
    [
      'a working set that is no longer in the cache',
      quiet({ memoryBytes: 0.3 * GB, cache: { cachedBytes: 0, workingSetBytes: 5 * GB } }),
      0.5,
    ],
  ])('for %s', (_words, measured, expected) => {
    expect(sizeGoal(measured).goalCu).toBe(expected)
  })

  test('is a size that a compute can have, and grows with each signal', () => {
    fc.assert(
      fc.property(signals, signals, (a, b) => {
        const more = {
          load: {
            load1: Math.max(a.load.load1, b.load.load1),
            load5: Math.max(a.load.load5, b.load.load5),
            sustained: Math.max(a.load.sustained, b.load.sustained),
          },
          memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
          cache: {
            cachedBytes: Math.max(a.cache.cachedBytes, b.cache.cachedBytes),
            workingSetBytes: Math.max(a.cache.workingSetBytes, b.cache.workingSetBytes),
          },
        }
        const goal = sizeGoal(a).goalCu
        expect(goal).toBe(sizeAtLeast(goal))
        expect(sizeGoal(more).goalCu).toBeGreaterThanOrEqual(goal)
      }),
    )
  })
})

describe('a decision', () => {
  test('stays within the range, whatever was measured', () => {
    fc.assert(
      fc.property(
        range,
        size,
        fc.option(signals, { nil: undefined }),
        ({ minCu, maxCu }, currentCu, measured) => {
          const inputs = { currentCu, minCu, maxCu, ...(measured ? { signals: measured } : {}) }
          const { targetCu, reason } = decideSize(inputs)
          expect(targetCu).toBeGreaterThanOrEqual(minCu)
          expect(targetCu).toBeLessThanOrEqual(maxCu)
          expect(reason === 'no_signals').toBe(measured === undefined)
        },
      ),
    )
  })

  test('never shrinks a compute of which nothing is known', () => {
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ({ minCu, maxCu }, share) => {
        const currentCu = minCu + Math.round(share * (maxCu - minCu) * 2) / 2
        expect(decideSize({ currentCu, minCu, maxCu }).targetCu).toBe(currentCu)
      }),
    )
  })

  test('depends on the present size in nothing, once something was measured', () => {
    fc.assert(
      fc.property(range, size, size, signals, (limits, one, other, measured) => {
        const at = (currentCu: number) => decideSize({ currentCu, ...limits, signals: measured }).targetCu
        expect(at(one)).toBe(at(other))
      }),
    )
  })

  test('under a load that stays, goes one way and then stays too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), (before, after) => {
        const average = new LoadAverage()
        for (let counts = 0; counts < 100; counts += 1) average.count(before)
        const sizes = Array.from({ length: 300 }, () => {
          const measured = quiet({ load: average.count(after) })
          return decideSize({ currentCu: 1, minCu: 0.5, maxCu: 64, signals: measured }).targetCu
        })
        const sorted = sizes.toSorted((a, b) => (after > before ? a - b : b - a))
        expect(sizes).toEqual(sorted)
        // Half a process more or less is rounded away.
        const steady = sizeGoal(quiet({ load: { load1: after, load5: after, sustained: after } })).goalCu
        expect(Math.abs(sizes.at(-1)! - steady)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 50 },
    )
  })
})

test('the load follows what runs as the averages of the kernel do', () => {
  const average = new LoadAverage()
  const first = average.count(3)
  expect(first).toMatchObject({ sustained: 0 })
  // After a minute 1 − 1/e of it, after five minutes the slow one likewise.
  for (let counts = 1; counts < 12; counts += 1) average.count(3)
  const minute = average.count(3)
  expect(minute.load1 / 3).toBeCloseTo(1 - Math.exp(-65 / 60), 10)
  expect(minute.load5 / 3).toBeCloseTo(1 - Math.exp(-65 / 300), 10)
  expect(minute.sustained).toBe(3)
  expect(average.count(1).sustained).toBe(1)
})
