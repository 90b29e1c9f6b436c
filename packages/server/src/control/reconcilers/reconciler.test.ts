import { expect, test } from 'vitest'
import { ManualClock } from '../../../tests/manual-clock.ts'
import { createLogger } from '../../base/log.ts'
import { startReconciler } from './reconciler.ts'

const log = createLogger({ level: 'silent' })
const everyMs = 60_000

/** Lets everything that is ready run. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('a round at once, at each wake-up and after each interval', async () => {
  const clock = new ManualClock()
  let rounds = 0
  await using reconciler = startReconciler({
    name: 'count',
    round: async () => {
      rounds += 1
    },
    everyMs,
    clock,
    log,
  })
  await settle()
  expect(rounds).toBe(1)
  reconciler.wake()
  await settle()
  expect(rounds).toBe(2)
  await clock.advance(everyMs)
  await settle()
  expect(rounds).toBe(3)
})

test('a wake-up during a round is not lost, and a round that fails does not end the loop', async () => {
  const clock = new ManualClock()
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let rounds = 0
  await using reconciler = startReconciler({
    name: 'fail',
    async round() {
      const gate = gates[rounds]
      rounds += 1
      await gate?.promise
      if (rounds === 1) throw new Error('the first round fails')
    },
    everyMs,
    clock,
    log,
  })
  await settle()
  reconciler.wake()
  gates[0]?.resolve()
  await settle()
  expect(rounds).toBe(2)
  gates[1]?.resolve()
})

test('disposing waits for the running round and for nothing else', async () => {
  const gate = Promise.withResolvers<void>()
  const reconciler = startReconciler({
    name: 'slow',
    round: () => gate.promise,
    everyMs,
    clock: new ManualClock(),
    log,
  })
  await settle()
  let isDisposed = false
  const disposed = reconciler[Symbol.asyncDispose]().then(() => {
    isDisposed = true
  })
  await settle()
  expect(isDisposed).toBe(false)
  gate.resolve()
  await disposed
})
