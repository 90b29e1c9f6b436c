import { expect, test } from 'vitest'
import { bandsOf } from './sleep-bands.ts'

const at = (seconds: number) => new Date(seconds * 1000).toISOString()
const period = { start_time: at(1_000), end_time: at(2_000) }

test('a compute sleeps from one state to the next, as far as the period goes', () => {
  const states = [
    { time: at(500), state: 'idle' },
    { time: at(1_200), state: 'starting' },
    { time: at(1_201), state: 'active' },
    { time: at(1_500), state: 'unwatched' },
    { time: at(1_600), state: 'starting' },
    { time: at(1_700), state: 'failed' },
  ] as const
  expect(bandsOf({ ...period, states: [...states] })).toEqual([
    { from: 1_000, to: 1_200, kind: 'asleep' },
    { from: 1_500, to: 1_600, kind: 'unwatched' },
    { from: 1_700, to: 2_000, kind: 'asleep' },
  ])
  expect(bandsOf({ ...period, states: [{ time: at(900), state: 'active' }] })).toEqual([])
  expect(bandsOf({ ...period, states: [] })).toEqual([])
})
