import type { ScheduleCadence } from '@lakelet/api'
import { describe, expect, test } from 'vitest'
import { checkCadences, dueSince, nextDue } from './snapshot-schedule.ts'

const daily: ScheduleCadence = { retention: '86400s', daily_schedule: { hour: 3 } }
const weekly: ScheduleCadence = {
  retention: '604800s',
  weekly_schedule: { day_of_week: 'SUNDAY', hour: 3 },
}
const monthly = (day: number): ScheduleCadence => ({
  retention: '2592000s',
  monthly_schedule: { day, hour: 3 },
})

/** Every moment at which one is taken, looked at each hour from `from` to `to`. */
function takenBetween(schedule: readonly ScheduleCadence[], from: string, to: string) {
  const taken: { at: string; retention: number }[] = []
  let done = new Date(from)
  for (let now = Date.parse(from); now <= Date.parse(to); now += 3_600_000) {
    const due = dueSince(schedule, done, new Date(now))
    if (!due) continue
    taken.push({ at: due.at.toISOString(), retention: due.retentionSeconds })
    done = due.at
  }
  return taken
}

describe('when snapshots are due', () => {
  test('each day once for two years, whatever summer time does to the clocks of people', () => {
    const zone = process.env['TZ']
    process.env['TZ'] = 'America/New_York'
    try {
      const taken = takenBetween([daily], '2027-01-01T04:00:00Z', '2029-01-01T00:00:00Z')
      expect(taken).toHaveLength(730)
      expect(new Set(taken.map(({ at }) => at.slice(11)))).toEqual(new Set(['03:00:00.000Z']))
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
  })

  test('day 31 is the last day of shorter months, of February in leap years too: each month has exactly one', () => {
    const days = takenBetween([monthly(31)], '2027-12-31T04:00:00Z', '2028-12-31T12:00:00Z').map(({ at }) =>
      at.slice(5, 10),
    )
    expect(days).toEqual('01-31 02-29 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31'.split(' '))
    const [, february] = takenBetween([monthly(31)], '2027-01-01T00:00:00Z', '2027-03-01T00:00:00Z')
    expect(february?.at).toBe('2027-02-28T03:00:00.000Z')
  })

  test('cadences of the same time make one, which is kept for the longest', () => {
    // 2027-08-01 is a Sunday.
    const taken = takenBetween([daily, weekly, monthly(1)], '2027-07-31T12:00:00Z', '2027-08-08T12:00:00Z')
    expect(taken.map(({ retention }) => retention)).toEqual([
      2_592_000, 86_400, 86_400, 86_400, 86_400, 86_400, 86_400, 604_800,
    ])
  })

  test('what was missed while nobody looked is one, of the last time, kept for the longest of all', () => {
    const due = dueSince([daily, weekly], new Date('2027-01-01T04:00:00Z'), new Date('2027-02-03T12:00:00Z'))
    expect(due).toEqual({ at: new Date('2027-02-03T03:00:00Z'), retentionSeconds: 604_800 })
  })

  test('not before its time, exactly at it, and not again when the clock is set back over it', () => {
    const done = new Date('2027-01-01T03:00:00Z')
    expect(dueSince([daily], done, new Date('2027-01-02T02:59:59.999Z'))).toBeUndefined()
    const at = dueSince([daily], done, new Date('2027-01-02T03:00:00Z'))?.at ?? new Date(0)
    expect(at).toEqual(new Date('2027-01-02T03:00:00Z'))
    for (const later of ['2027-01-02T02:00:00Z', '2027-01-02T03:00:00Z', '2027-01-02T04:00:00Z'])
      expect(dueSince([daily], at, new Date(later))).toBeUndefined()
  })

  test('the next time that is shown is the one at which one is taken', () => {
    for (const schedule of [[daily], [weekly], [monthly(31)], [weekly, monthly(15)]]) {
      let now = new Date('2027-01-30T12:00:00Z')
      for (let n = 0; n < 40; n += 1) {
        const next = nextDue(schedule, now)
        if (!next) throw new Error('there is a next one')
        expect(dueSince(schedule, now, new Date(next.getTime() - 1))).toBeUndefined()
        expect(dueSince(schedule, now, next)?.at).toEqual(next)
        now = next
      }
    }
    expect(nextDue([], new Date())).toBeUndefined()
  })

  test('wrong cadences are refused by the number of their entry', () => {
    const wrong: readonly [ScheduleCadence, RegExp][] = [
      [{ retention: '86400s' }, /entry 2 has 0/],
      [{ ...daily, ...weekly }, /entry 2 has 2/],
      [{ ...daily, retention: '3599s' }, /entry 2 is 3599s; at least 3600s/],
    ]
    for (const [cadence, message] of wrong) expect(() => checkCadences([daily, cadence])).toThrow(message)
    checkCadences([daily, weekly, monthly(31)])
  })
})
