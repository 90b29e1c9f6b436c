import { expect, test } from 'vitest'
import { parseLsn, walSegmentName } from './control-file.ts'

test('positions and the segments that hold them are named as Postgres names them', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n)
  expect(walSegmentName(1, parseLsn('0/1567898'))).toBe('000000010000000000000001')
  expect(walSegmentName(1, parseLsn('0/1000000') - 1n)).toBe('000000010000000000000000')
  expect(walSegmentName(10, parseLsn('2/FF000000'))).toBe('0000000A00000002000000FF')
})
