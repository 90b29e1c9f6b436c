import { expect, it } from 'vitest'
import { linesWithMajor } from './postgres-majors.ts'

it('finds a major version of Postgres, and no other number', () => {
  const text = "const a = 'Postgres 17'\nconst size = 16\nconst pgVersion = 18\nconst b = 117\n"
  expect(linesWithMajor(text)).toEqual([1, 3])
})
