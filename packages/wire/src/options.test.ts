import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinOptions, splitOptions } from './options.ts'

test.each([
  ['', []],
  ['  \t', []],
  ['-c a=b', ['-c', 'a=b']],
  ['-c\\ a', ['-c a']],
  ['a\\\\b', ['a\\b']],
  ['a\\', ['a']],
  [' endpoint=ep-1   -c search_path=x,\\ y ', ['endpoint=ep-1', '-c', 'search_path=x, y']],
])('splits %j like pg_split_opts', (text, words) => {
  expect(splitOptions(text)).toEqual(words)
})

test('what is joined splits into the same words', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
      expect(splitOptions(joinOptions(words))).toEqual(words)
    }),
  )
})
