import { expect, test } from 'vitest'
import { atMoment, momentWord } from './moment.ts'

test('a moment is one word, in any way that people write it', () => {
  expect(momentWord({})).toBeUndefined()
  expect(momentWord({ timestamp: new Date(0) })).toBe('timestamp=1970-01-01T00:00:00.000Z')
  expect(momentWord({ timestamp: '2026-01-31T12:00:00.123456+09:00' })).toBe(
    'timestamp=2026-01-31T12:00:00.123456+09:00',
  )
  expect(momentWord({ lsn: '0/1A2B3C' })).toBe('lsn=0/1A2B3C')
})

test('what is no moment is refused with what would be one', () => {
  for (const timestamp of ['', 'yesterday', '2026-01-31 12:00', '2026-01-31T12:00:00', new Date(Number.NaN)])
    expect(() => momentWord({ timestamp })).toThrow(/with a zone such as/)
  expect(() => momentWord({ lsn: 'end' })).toThrow(/such as 0\/1A2B3C/)
  expect(() => momentWord({ lsn: '0/1', timestamp: new Date() })).toThrow(/leave one of them out/)
})

test('it stands behind the options that the driver sends', () => {
  const text = (name: string, value: string) => ({ name: Buffer.from(name), value: Buffer.from(value) })
  const given = [text('user', 'jane'), text('options', '-c geqo=off')]
  expect(atMoment(given, undefined)).toBe(given)
  expect(atMoment(given, 'lsn=0/1')).toEqual([text('user', 'jane'), text('options', '-c geqo=off lsn=0/1')])
})
