import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openMetadata } from '../../metadata/database.ts'
import { RemovalTime } from './removal-time.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** A wall clock that can be set, and time that passes; `begin` is a start of the workspace on what is stored. */
async function world() {
  const directory = await mkdtemp(path.join(tmpdir(), 'removal-time-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const metadata = await openMetadata(path.join(directory, 'metadata.sqlite'))
  onTestFinished(() => metadata[Symbol.asyncDispose]())
  const time = { wall: Date.parse('2026-01-01T00:00:00Z'), passed: 0, warnings: 0 }
  const clock = {
    now: () => new Date(time.wall),
    monotonicMs: () => time.passed,
    sleep: () => Promise.resolve(),
  }
  const log = { warn: () => (time.warnings += 1) } as unknown as ConstructorParameters<
    typeof RemovalTime
  >[0]['log']
  const pass = (ms: number) => {
    time.wall += ms
    time.passed += ms
  }
  return { time, pass, begin: () => new RemovalTime({ clock, log, queries: metadata.db }) }
}

test('a clock that is a year ahead for some minutes is not believed, one that stays there is', async () => {
  const { time, pass, begin } = await world()
  const removal = begin()
  const start = (await removal.now()).getTime()
  pass(HOUR)
  expect((await removal.now()).getTime() - start).toBe(HOUR)
  time.wall += YEAR
  pass(5 * MINUTE)
  expect((await removal.now()).getTime() - start).toBe(HOUR + 5 * MINUTE)
  time.wall -= YEAR
  expect((await removal.now()).getTime() - start, 'it is right again').toBe(HOUR + 5 * MINUTE)
  time.wall += YEAR
  for (let minute = 0; minute < 15; minute += 1) {
    expect((await removal.now()).getTime() - start).toBeLessThan(DAY)
    pass(MINUTE)
  }
  expect((await removal.now()).getTime()).toBe(time.wall)
  expect(time.warnings, 'once for each jump').toBe(2)
  pass(MINUTE)
  expect((await removal.now()).getTime()).toBe(time.wall)
})

test('a clock that goes ahead while the workspace is off is in doubt as well; one that was set back is believed', async () => {
  const { time, pass, begin } = await world()
  const before = (await begin().now()).getTime()
  time.wall += YEAR
  time.passed = 0
  const removal = begin()
  expect((await removal.now()).getTime()).toBe(before)
  time.wall = before + HOUR
  expect((await removal.now()).getTime()).toBe(before + HOUR)
  time.wall = before - YEAR
  expect((await removal.now()).getTime()).toBe(before - YEAR)
  pass(MINUTE)
  expect((await begin().now()).getTime()).toBe(before - YEAR + MINUTE)
  expect(time.warnings).toBe(1)
})
