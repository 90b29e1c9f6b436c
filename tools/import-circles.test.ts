import { expect, it } from 'vitest'
import { circlesIn } from './import-circles.ts'

it('finds files that reach each other, and no others', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', ['e']],
    ['e', []],
    ['f', ['f']],
    ['g', ['a', 'e']],
  ])
  expect(circlesIn(graph)).toEqual([['a', 'b', 'c'], ['f']])
})
