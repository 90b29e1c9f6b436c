import { expect, test } from 'vitest'
import { ManualClock } from '../../../tests/manual-clock.ts'
import { Admission, type Candidate } from './admission.ts'

const never = new AbortController().signal
const MB = 1_000_000
const of = (project?: string, bytes?: number): Candidate => ({ project, memoryBytes: () => bytes })

test('what does not fit waits in order, until something sleeps or its time is up', async () => {
  const clock = new ManualClock()
  const admission = new Admission({ memoryBytes: 300 * MB, activePerProject: 20, waitMs: 10_000 }, clock)
  const first = await admission.enter(of(), never)
  await admission.enter(of(undefined, 150 * MB), never)
  expect(admission.status).toEqual({ awake: 2, waiting: 0, usedBytes: 246 * MB, memoryBytes: 300 * MB })
  const entered: string[] = []
  const enter = (name: string, signal = never) => {
    const entering = admission.enter(of(), signal).then((room) => {
      entered.push(name)
      return room
    })
    entering.catch(() => undefined)
    return entering
  }
  const given = new AbortController()
  const [one, two, left] = [enter('one'), enter('two'), enter('left', given.signal)]
  await clock.advance(600)
  expect(admission.status.waiting).toBe(3)
  given.abort(new Error('gave up'))
  await expect(left).rejects.toThrow('gave up')
  first[Symbol.dispose]()
  await clock.advance(600)
  expect(entered).toEqual(['one'])
  const room = await one
  await clock.advance(9_000)
  await expect(two).rejects.toMatchObject({ code: 'compute_no_memory' })
  room[Symbol.dispose]()
  expect(admission.status).toMatchObject({ awake: 1, waiting: 0 })
})

test('a project has so many awake, and another one is not held up by it; the first always fits', async () => {
  const admission = new Admission({ memoryBytes: 1, activePerProject: 1, waitMs: 10 }, new ManualClock())
  const room = await admission.enter(of('shop'), never)
  await expect(admission.enter(of('shop'), never)).rejects.toMatchObject({ code: 'active_computes_limit' })
  room[Symbol.dispose]()
  const other = await admission.enter(of('shop'), never)
  other[Symbol.dispose]()
})
