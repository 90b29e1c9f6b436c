import { expect, it } from 'vitest'
import { linesWithoutReason } from './lint-reasons.ts'

it('wants a reason wherever a rule is switched off', () => {
  const word = 'oxlint-disable'
  const text = `// ${word}-next-line max-lines\n// ${word} max-lines -- a list\n  /* ${word} */\nconst a = '${word}'\n`
  expect(linesWithoutReason(text)).toEqual([1, 3])
})
