import { expect, it } from 'vitest'
import { levelOf, textOf } from './log-lines.ts'

it('puts what a person looks for first', () => {
  const line = JSON.stringify({ level: 40, time: 0, component: 'apps', app: 'a', n: 1, msg: 'it ended' })
  expect(textOf(line)).toBe('1970-01-01T00:00:00.000Z WARN  apps: it ended app=a n=1')
  expect(levelOf(line)).toBe(40)
})

it('shows the stack of an error below, and what is no JSON as it is', () => {
  const err = { message: 'no', stack: 'Error: no\n    at x' }
  expect(textOf(JSON.stringify({ level: 50, time: 0, msg: 'failed', err }))).toBe(
    '1970-01-01T00:00:00.000Z ERROR failed \n    Error: no\n        at x',
  )
  expect(textOf('plain')).toBe('plain')
  expect(levelOf('plain')).toBe(50)
})
