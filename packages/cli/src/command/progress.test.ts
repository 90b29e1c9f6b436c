import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Progress } from './progress.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function outside(isInteractive: boolean, env: Readonly<Record<string, string>> = {}) {
  const written: string[] = []
  return {
    written,
    terminal: { isInteractive, env, columns: 30, stderr: (text: string) => written.push(text) },
  }
}

it.each([
  ['piped', false, {}],
  ['with NO_COLOR', true, { NO_COLOR: '1' }],
  ['on a dumb terminal', true, { TERM: 'dumb' }],
])('writes plain lines %s', (_, isInteractive, env) => {
  const { written, terminal } = outside(isInteractive, env)
  using progress = new Progress(terminal, 'Starting')
  progress.say('Building')
  vi.advanceTimersByTime(1500)
  progress.detail('npm install')
  progress.say('Building')
  progress.say('Running')
  expect(written).toEqual(['Building …\n', 'Running …\n'])
})

it('rewrites one line on a terminal, never wider than it, and takes it away', () => {
  const { written, terminal } = outside(true)
  const progress = new Progress(terminal, 'Building')
  progress.detail('\u001B[31mnpm\u001B[0m install of a great many packages')
  vi.advanceTimersByTime(1300)
  progress[Symbol.dispose]()
  expect(written.slice(0, 2)).toEqual([
    '\r\u001B[K⠋ Building … 1 s  npm install',
    '\r\u001B[K⠙ Building … 1 s  npm install',
  ])
  expect(written.at(-1)).toBe('\r\u001B[K')
  vi.advanceTimersByTime(1000)
  expect(written).toHaveLength(4)
})

it('says nothing of what is done within a second', () => {
  const { written, terminal } = outside(true)
  const progress = new Progress(terminal, 'Building')
  vi.advanceTimersByTime(900)
  progress[Symbol.dispose]()
  vi.advanceTimersByTime(1000)
  expect(written).toEqual([])
})
