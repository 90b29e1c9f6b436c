// What is kept of computes: fine for hours, coarse for a month, in bounded room, through kills and damage.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { type ComputeHistory, startComputeHistory } from '../../src/telemetry/index.ts'
import { ManualClock } from '../manual-clock.ts'

const UID = 'ep-kept'
const HOUR = 3_600
const DAY = 24 * HOUR
/** Bytes on disk that one endpoint may take, as docs/operations.md says. */
const MOST_BYTES = 3 * 1024 * 1024

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-telemetry-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const file = () => path.join(directory, 'telemetry.sqlite')

function open(clock: ManualClock, isKept = (_uid: string) => true): ComputeHistory {
  return startComputeHistory({ file: file(), clock, log: guardedLogger(), isKept })
}

function measurement(at: Date, of: { cpu?: number; commits?: number; waits?: Record<string, number> } = {}) {
  return {
    at,
    seconds: 5,
    sizeCu: 2,
    host: { load: 1.25, memoryBytes: 500_000_000.123, mostMemoryBytes: 600_000_000 },
    cpuSeconds: of.cpu ?? 2.5,
    databases: {
      connections: { active: 2, idle: 3, idleInTransaction: 1 },
      waits: of.waits ?? { CPU: 1, 'IO:DataFileRead': 2 },
      sizeBytes: 123_456_789,
      counted: { xact_commit: of.commits ?? 10, blks_hit: 90, blks_read: 10, tup_returned: 1234.5 },
    },
  }
}

/** Measures every `everySeconds` for as long, beginning now. */
async function measure(history: ComputeHistory, clock: ManualClock, seconds: number, everySeconds = 5) {
  for (let passed = 0; passed < seconds; passed += everySeconds) {
    history.measured(UID, measurement(clock.now()))
    await clock.advance(everySeconds * 1000)
  }
}

/** As many and as long as can be, other ones each hour. */
function statementsOf(hour: number) {
  return Array.from({ length: 20 }, (_, at) => ({
    id: `-${hour}234567890123456.16384.16${at}`,
    role: 'a-service-principal-7e9c2f8e',
    database: 'databricks_postgres',
    text: `SELECT ${at} ${'x'.repeat(490)}`,
    calls: 1_000,
    ms: 1_234.567_89,
    rows: 1_000,
    hit: 1_000,
    read: 1_000,
  }))
}

const nowOf = (clock: ManualClock) => Math.floor(clock.now().getTime() / 1000)
const sumOf = (values: readonly (number | null)[]) =>
  values.reduce<number>((sum, each) => sum + (each ?? 0), 0)

describe('the past of computes', () => {
  test('is the same whether it is read by ten seconds, minutes, ten minutes or hours', async () => {
    const clock = new ManualClock()
    await using history = open(clock)
    await measure(history, clock, 2 * HOUR)
    const to = nowOf(clock)
    for (const step of [10, 30, 60, 600, HOUR]) {
      const { series } = history.read(UID, { from: to - 2 * HOUR, to, step })
      expect(series.step).toBe(step)
      expect(sumOf(series.columns.xact_commit)).toBe((2 * HOUR * 10) / 5)
      expect(sumOf(series.columns.cpu_seconds)).toBeCloseTo(HOUR, 6)
      expect(new Set(series.columns.size_cu.filter((each) => each !== null))).toEqual(new Set([2]))
      expect(series.columns.connections_idle.find((each) => each !== null)).toBeCloseTo(3, 9)
      expect(series.waits).toEqual({ 'IO:DataFileRead': (2 * HOUR * 2) / 5, CPU: (2 * HOUR) / 5 })
    }
    // The finest is kept for two hours, so an older period is no finer than minutes.
    const older = history.read(UID, { from: to - 3 * HOUR, to, step: 10 }).series
    expect(older.step).toBe(60)
  })

  test('has gaps where a compute slept, says when it did, and writes nothing meanwhile', async () => {
    const clock = new ManualClock()
    await using history = open(clock)
    history.stateChanged(UID, 'active', clock.now())
    await measure(history, clock, 600)
    const slept = clock.now()
    history.stateChanged(UID, 'idle', slept)
    await clock.advance(20_000)
    const before = await Promise.all(
      [file(), `${file()}-wal`].map(async (each) => (await stat(each)).mtimeMs),
    )
    await clock.advance(HOUR * 1000)
    const after = await Promise.all([file(), `${file()}-wal`].map(async (each) => (await stat(each)).mtimeMs))
    expect(after).toEqual(before)
    const to = nowOf(clock)
    const { series, states } = history.read(UID, { from: to - 2 * HOUR, to, step: 60 })
    const awake = series.columns.awake_seconds.filter((each) => each !== null)
    expect(sumOf(awake)).toBe(600)
    expect(series.columns.size_cu.at(-1)).toBeNull()
    expect(states.map(({ state }) => state)).toEqual(['active', 'idle'])
    // A period in the middle of a sleep knows that it is one.
    expect(history.read(UID, { from: to - 60, to }).states).toEqual([{ at: slept.getTime(), state: 'idle' }])
  })

  test('takes no more room than is said, however much happens in a month', async () => {
    const clock = new ManualClock()
    const most = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`LWLock:SomethingWithALongName${at}`, 1_000 + at]),
    )
    const history = open(clock)
    const hours = 32 * 24
    for (let hour = 0; hour < hours; hour += 1) {
      // Enough for a row in each level, which is all that counts here; the finest is filled at the end.
      const everySeconds = hour < hours - 27 ? 600 : 60
      for (let passed = 0; passed < HOUR; passed += everySeconds) {
        history.measured(UID, measurement(clock.now(), { waits: most }))
        if (passed === 0) history.executed(UID, clock.now(), statementsOf(hour))
        history.stateChanged(UID, passed % 1_200 === 0 ? 'active' : 'idle', clock.now())
        const inputs = {
          currentCu: 1,
          minCu: 1,
          maxCu: 8,
          signals: { load: { load1: 0.123456789, load5: 0.5, sustained: 1 }, memoryBytes: 123_456_789 },
        }
        history.decided(UID, { at: clock.now(), targetCu: 2, inputs })
        await clock.advance(everySeconds * 1000)
      }
      if (hour % 24 === 0) history.keepOnly(new Set([UID]))
    }
    await measure(history, clock, 2 * HOUR, 10)
    history.keepOnly(new Set([UID]))
    const to = nowOf(clock)
    const { series, states, decisions } = history.read(UID, { from: to - 31 * DAY, to, step: HOUR })
    expect(series.columns.size_cu.filter((each) => each !== null).length).toBeGreaterThan(31 * 24 - 3)
    expect(states.length).toBeLessThanOrEqual(4_001)
    expect(decisions.length).toBeLessThanOrEqual(1_001)
    await history[Symbol.asyncDispose]()
    const { size } = await stat(file())
    console.log(`a full month of one endpoint takes ${(size / 1024 ** 2).toFixed(2)} MiB`)
    expect(size).toBeLessThan(MOST_BYTES)
  })

  test('knows which statements took the most time of an hour, a day, a month, and no more of them than is said', async () => {
    const clock = new ManualClock()
    await using history = open(clock)
    const statement = (id: number, ms: number) => ({
      id: `q${id}`,
      role: 'anna',
      database: 'shop',
      text: `SELECT ${id}`,
      calls: 2,
      ms,
      rows: 3,
      hit: 10,
      read: 1,
    })
    const most = (seconds: number) => {
      const to = nowOf(clock)
      return history
        .read(UID, { from: to - seconds, to })
        .statements.map(({ text, calls, ms }) => [text, calls, ms])
    }
    await clock.advance(1_000)
    const many = Array.from({ length: 30 }, (_, at) => statement(at, at))
    for (let minute = 0; minute < 3; minute += 1) history.executed(UID, clock.now(), many)
    expect(most(HOUR).slice(0, 2)).toEqual([
      ['SELECT 29', 6, 87],
      ['SELECT 28', 6, 84],
    ])
    expect(most(HOUR)).toHaveLength(20)
    await clock.advance(2 * DAY * 1000)
    history.executed(UID, clock.now(), [{ ...statement(99, 1), text: undefined }])
    expect(most(HOUR)).toEqual([[undefined, 2, 1]])
    expect(most(3 * DAY)[0]).toEqual(['SELECT 29', 6, 87])
    await clock.advance(40 * DAY * 1000)
    history.keepOnly(new Set([UID]))
    expect(most(31 * DAY)).toEqual([])
    history.executed(UID, clock.now(), many)
    history.keepOnly(new Set())
    expect(most(HOUR)).toEqual([])
  })

  test('of endpoints that are gone is forgotten, and of those that are there for a moment never kept', async () => {
    const clock = new ManualClock()
    await using history = open(clock, (uid) => uid !== 'ep-past')
    history.measured('ep-past', measurement(clock.now()))
    history.stateChanged('ep-past', 'active', clock.now())
    history.stateChanged(UID, 'active', clock.now())
    await measure(history, clock, 60)
    const period = { from: nowOf(clock) - 100, to: nowOf(clock) }
    expect(sumOf(history.read(UID, period).series.columns.xact_commit)).toBe(120)
    history.keepOnly(new Set())
    for (const uid of [UID, 'ep-past']) {
      const { series, states } = history.read(uid, period)
      expect(sumOf(series.columns.xact_commit)).toBe(0)
      expect(states).toEqual([])
    }
  })

  test('that was damaged is set aside and begun anew', async () => {
    expectInLog(/cannot be read and is begun anew/)
    await writeFile(file(), 'no database at all, but long enough to be taken for a header of one'.repeat(40))
    const clock = new ManualClock()
    await using history = open(clock)
    await measure(history, clock, 60)
    const period = { from: nowOf(clock) - 100, to: nowOf(clock) }
    expect(sumOf(history.read(UID, period).series.columns.xact_commit)).toBe(120)
    expect(await readdir(directory)).toContain('telemetry.sqlite.damaged')
  })

  test('is whole after a kill, and from then on nobody knows', async () => {
    const script = `
      import { startComputeHistory } from ${JSON.stringify(new URL('../../src/telemetry/index.ts', import.meta.url).href)}
      import { systemClock } from ${JSON.stringify(new URL('../../src/base/clock.ts', import.meta.url).href)}
      import { createLogger } from ${JSON.stringify(new URL('../../src/base/log.ts', import.meta.url).href)}
      const log = createLogger({ level: 'silent', destination: { write() {} } })
      const history = startComputeHistory({ file: ${JSON.stringify(file())}, clock: systemClock, log, isKept: () => true })
      history.stateChanged('${UID}', 'active', new Date())
      let told = 0
      setInterval(() => {
        for (let each = 0; each < 50; each += 1)
          history.measured('${UID}', { at: new Date(Date.now() - each * 1000), seconds: 1, sizeCu: 1 })
        history.read('${UID}', { from: Date.now() / 1000 - 60, to: Date.now() / 1000 })
        if (++told === 20) process.send('busy')
      }, 1)`
    const child = spawn(
      process.execPath,
      ['--conditions=lakelet:source', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    )
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const clock = new ManualClock(new Date(Date.now() + 60_000))
    await using history = open(clock)
    const to = nowOf(clock)
    const { series, states } = history.read(UID, { from: to - 200, to, step: 10 })
    expect(sumOf(series.columns.awake_seconds)).toBeGreaterThanOrEqual(20 * 50)
    expect(states.map(({ state }) => state)).toEqual(['active', 'unwatched'])
  })
})
