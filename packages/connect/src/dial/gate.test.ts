import { expect, test } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { Gate } from './gate.ts'
import type { Ticket } from './gate.ts'

function setUp() {
  const clock = new ManualClock()
  const gate = new Gate()
  const admitted: Ticket[] = []
  const enter = (signal?: AbortSignal) =>
    gate.enter(clock, signal).then((ticket) => void admitted.push(ticket))
  const settle = () => clock.advance(0)
  return { clock, gate, admitted, enter, settle }
}

test('a scout goes first; when it comes back well, all follow', async () => {
  const { admitted, enter, settle } = setUp()
  const all = Promise.all(Array.from({ length: 10 }, () => enter()))
  await settle()
  expect(admitted).toHaveLength(1)
  admitted[0]?.leave('awake')
  await all
  expect(admitted).toHaveLength(10)
})

test('nobody waits long for a scout when nothing is known', async () => {
  const { admitted, enter, clock } = setUp()
  const all = Promise.all(Array.from({ length: 10 }, () => enter()))
  await clock.advance(300)
  await all
  expect(admitted).toHaveLength(10)
})

test('while it is asleep there is one attempt at a time, spaced out', async () => {
  const { admitted, enter, clock, gate } = setUp()
  const all = Promise.all(Array.from({ length: 10 }, () => enter()))
  await clock.advance(0)
  admitted[0]?.leave('asleep', new Error('57P03'))
  expect(gate.isAsleep).toBe(true)
  expect(gate.lastError).toMatchObject({ message: '57P03' })
  for (let attempt = 2; attempt <= 4; attempt++) {
    await clock.advance(2000)
    expect(admitted).toHaveLength(attempt)
    await clock.advance(10_000)
    expect(admitted).toHaveLength(attempt)
    admitted.at(-1)?.leave(attempt === 4 ? 'awake' : 'asleep', new Error('57P03'))
  }
  await all
  expect(admitted).toHaveLength(10)
  expect(gate.lastError).toBeUndefined()
})

test('a waiting caller may give up, also the one whose turn it is', async () => {
  const { admitted, enter, clock } = setUp()
  await enter()
  admitted[0]?.leave('asleep', new Error('57P03'))
  const impatient = new AbortController()
  const [next, another] = [enter(impatient.signal), enter()]
  impatient.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  await clock.advance(2000)
  await another
  expect(admitted).toHaveLength(2)
})

test('an attempt that says nothing about the endpoint leaves the turn to the next', async () => {
  const { admitted, enter, settle } = setUp()
  const all = Promise.all([enter(), enter()])
  await settle()
  admitted[0]?.leave('other')
  await all
  expect(admitted).toHaveLength(2)
})
