import { describe, expect, it } from 'vitest'
import { fieldsOf, momentOf, timeOf, type MomentDraft } from './moment.ts'

const WINDOW = {
  earliest_restore_time: '2026-01-30T00:00:00.5Z',
  earliest_restore_lsn: '0/1A000000',
  latest_restore_time: '2026-01-31T12:00:00.000Z',
  latest_restore_lsn: '1/0',
}
const DRAFT: MomentDraft = { kind: 'time', date: '2026-01-31', clock: '10:00', zone: 'UTC', lsn: '' }

describe('a moment of the past', () => {
  it('has microseconds and a zone', () => {
    expect(timeOf({ date: '2026-01-31', clock: '9:05:07.123456', zone: 'UTC' })).toBe(
      '2026-01-31T09:05:07.123456Z',
    )
    expect(timeOf({ date: '', clock: '2026-01-31T12:00:00.5+09:00', zone: 'local' })).toBe(
      '2026-01-31T03:00:00.500000Z',
    )
  })

  it('goes through the fields unchanged, in either zone', () => {
    for (const zone of ['local', 'UTC'] as const) {
      for (const time of ['2026-01-31T23:59:59.000001Z', '2026-07-01T00:00:00.000000Z'])
        expect(timeOf({ ...fieldsOf(time, zone), zone })).toBe(time)
    }
  })

  it.each(['', '10', '25:00', '10:60', '10:00:61', '10:00:00.1234567', 'noon', '-1:00'])(
    'is not %j',
    (clock) => expect(momentOf({ ...DRAFT, clock }, WINDOW)).toEqual({ problem: 'no-time' }),
  )

  it('is not the 31st of February', () => {
    expect(momentOf({ ...DRAFT, date: '2026-02-31' }, WINDOW)).toEqual({ problem: 'no-time' })
  })

  it('is in the window, which grows with the clock', () => {
    const at = (clock: string, sinceMs?: number) => momentOf({ ...DRAFT, clock }, WINDOW, sinceMs)
    expect(at('12:00:00')).toEqual({ moment: { time: '2026-01-31T12:00:00.000000Z' } })
    expect(at('12:00:01')).toEqual({ problem: 'outside' })
    expect(at('12:00:01', 1000)).toEqual({ moment: { time: '2026-01-31T12:00:01.000000Z' } })
    expect(momentOf({ ...DRAFT, date: '2026-01-30', clock: '00:00:00.499999' }, WINDOW)).toEqual({
      problem: 'outside',
    })
    const { latest_restore_time, latest_restore_lsn } = WINDOW
    expect(momentOf(DRAFT, { latest_restore_time, latest_restore_lsn })).toEqual({ problem: 'not-begun' })
  })

  it('may be a position in the log', () => {
    const at = (lsn: string) => momentOf({ ...DRAFT, kind: 'lsn', lsn }, WINDOW)
    expect(at(' 0/1a2b3c4d ')).toEqual({ moment: { lsn: '0/1A2B3C4D' } })
    expect(at('0/19FFFFFF')).toEqual({ problem: 'outside' })
    for (const bad of ['', '1A2B', '0/123456789', '0/xyz']) expect(at(bad)).toEqual({ problem: 'no-lsn' })
  })
})
