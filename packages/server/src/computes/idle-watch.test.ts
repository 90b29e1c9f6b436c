import { expect, test } from 'vitest'
import { IdleWatch } from './idle-watch.ts'

const HOUR = 3_600_000
const awakeBecause = {
  pid: 1,
  kind: 'client backend',
  role: 'anna',
  database: 'd',
  application: '',
  state: 'active',
  since: null,
}
const quiet = { newestChange: null, newestChangeAgeMs: null }

test('due after the time without use, never when there is no time', () => {
  const watch = new IdleWatch(0)
  expect(watch.isDue(HOUR, HOUR - 1)).toBe(false)
  expect(watch.isDue(HOUR, HOUR)).toBe(true)
  expect(watch.isDue(null, 100 * HOUR)).toBe(false)
  watch.touch(HOUR)
  expect(watch.isDue(HOUR, 2 * HOUR - 1)).toBe(false)
})

test('an idle session counts from its last change, and only once', () => {
  const watch = new IdleWatch(0)
  watch.saw({ newestChange: 'a', newestChangeAgeMs: 10_000 }, HOUR, HOUR)
  expect(watch.isDue(HOUR, 2 * HOUR - 10_001)).toBe(false)
  expect(watch.isDue(HOUR, 2 * HOUR - 10_000)).toBe(true)
  watch.saw({ newestChange: 'a', newestChangeAgeMs: 10_000 }, HOUR, 2 * HOUR)
  expect(watch.isDue(HOUR, 2 * HOUR)).toBe(true)
})

test('who keeps it awake is asked again soon, and no time is given on top', () => {
  const watch = new IdleWatch(0)
  watch.saw({ ...quiet, awakeBecause }, HOUR, HOUR)
  expect(watch.isDue(HOUR, HOUR + 999)).toBe(false)
  expect(watch.isDue(HOUR, HOUR + 1000)).toBe(true)
  watch.saw(quiet, HOUR, HOUR + 1000)
  expect(watch.isDue(HOUR, HOUR + 1000)).toBe(true)
})
