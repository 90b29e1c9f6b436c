import { expect, it } from 'vitest'
import { offsetOf, placeOf } from './positions.ts'

it('counts characters as Postgres does', () => {
  expect(offsetOf('select 1', 1)).toBe(0)
  expect(offsetOf("select '🐘', x", 13)).toBe(13)
  expect(offsetOf('ab', 99)).toBe(2)
  expect(placeOf('a\nbc', 4)).toEqual({ line: 2, column: 2 })
})
