import { expect, it } from 'vitest'
import { ansiParts } from './ansi.ts'

const plain = { classes: '', color: '', background: '' }

it.each([
  ['nothing to see', [{ text: 'nothing to see', ...plain }]],
  [
    '\u001b[1;31mred\u001b[0m <b>&',
    [
      { text: 'red', ...plain, classes: 'bold fg-1' },
      { text: ' <b>&', ...plain },
    ],
  ],
  ['\u001b[92;44mx', [{ text: 'x', ...plain, classes: 'fg-10 bg-4' }]],
  ['\u001b[38;5;196mx', [{ text: 'x', ...plain, color: 'rgb(255,0,0)' }]],
  ['\u001b[38;5;9mx', [{ text: 'x', ...plain, classes: 'fg-9' }]],
  ['\u001b[48;2;1;2;999mx', [{ text: 'x', ...plain, background: 'rgb(1,2,255)' }]],
  [
    '\u001b[1;4mx\u001b[22;24my',
    [
      { text: 'x', ...plain, classes: 'bold underline' },
      { text: 'y', ...plain },
    ],
  ],
  ['a\u001b[2Kb\u001b]0;title\u0007c\rd\u0000', ['a', 'b', 'c', 'd'].map((text) => ({ text, ...plain }))],
  ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', [{ text: 'link', ...plain }]],
  ['cut off \u001b[', [{ text: 'cut off ', ...plain }]],
])('reads %j', (line, parts) => {
  expect(ansiParts(line)).toEqual(parts)
})

it('runs as its own text in a page', () => {
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- as the page of the log does it
  const alone = new Function(`return (${ansiParts.toString()})`)() as typeof ansiParts
  expect(alone('\u001b[31mx')).toEqual(ansiParts('\u001b[31mx'))
})
