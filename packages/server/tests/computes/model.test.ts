// Anything may happen to computes in any order: what holds of them in `model.ts` holds after each step.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ComputesModel } from './model.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

expectInLog(
  // The model lets servers fail in every way.
  /the compute did not start/,
  /the compute crashed/,
  /\(simulated\)/,
)

/** Two endpoints of one branch, of which only one may run at a time, a replica of the first, and one of another branch. */
const BRANCHES: Readonly<Record<string, string>> = {
  'ep-a': 'br-1',
  'ep-b': 'br-1',
  'ep-replica': 'br-1',
  'ep-c': 'br-2',
}
const FOLLOWS: Readonly<Record<string, string>> = { 'ep-replica': 'ep-a' }

/** One thing that somebody does; its words are what a failing run prints. */
interface Step {
  readonly words: string
  readonly run: (model: ComputesModel) => void | Promise<void>
}

const endpoint = fc.constantFrom(...Object.keys(BRANCHES))
/** How long a look at what sessions do takes: on a busy machine longer than the time after which an idle one sleeps. */
const looks = fc.constantFrom(0, 1500)
const afterMs = fc.constantFrom(null, 600, 2000, 30_000)

function step(words: string, run: (model: ComputesModel, uid: string) => void | Promise<void>) {
  return endpoint.map((uid): Step => ({ words: `${words} ${uid}`, run: (model) => run(model, uid) }))
}

const steps = fc.oneof(
  { weight: 6, arbitrary: step('wake', (model, uid) => model.wake(uid, 1)) },
  { weight: 3, arbitrary: step('wake by five', (model, uid) => model.wake(uid, 5)) },
  { weight: 3, arbitrary: step('touch', (model, uid) => model.touch(uid)) },
  { weight: 2, arbitrary: step('suspend', (model, uid) => model.suspend(uid, 'asked')) },
  { weight: 2, arbitrary: step('crash', (model, uid) => model.crash(uid)) },
  { weight: 2, arbitrary: step('begin a query', (model, uid) => model.keepBusy(uid, true)) },
  { weight: 2, arbitrary: step('end the query', (model, uid) => model.keepBusy(uid, false)) },
  { weight: 2, arbitrary: step('hold', (model, uid) => model.hold(uid)) },
  { weight: 1, arbitrary: step('copy', (model, uid) => model.copy(uid)) },
  { weight: 3, arbitrary: step('end the copy of', (model, uid) => model.of(uid).copies[0]?.()) },
  { weight: 3, arbitrary: step('let go of', (model, uid) => model.of(uid).holds[0]?.()) },
  {
    weight: 1,
    arbitrary: step('come back or not while parking', (model, uid) => {
      model.of(uid).isTouchedWhileParking = !model.of(uid).isTouchedWhileParking
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(endpoint, afterMs).map(([uid, suspendAfterMs]): Step => ({
      words: `sleep after ${suspendAfterMs} ms ${uid}`,
      run: (model) => model.set(uid, { suspendAfterMs }),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(endpoint, fc.integer({ min: 1, max: 2 })).map(([uid, maxCu]): Step => ({
      words: `${maxCu} CU ${uid}`,
      run: (model) => {
        model.set(uid, { maxCu })
        model.apply(uid)
      },
    })),
  },
  {
    weight: 1,
    arbitrary: step('disable', (model, uid) => {
      model.set(uid, { disabled: true })
      model.suspend(uid, 'disabled')
    }),
  },
  { weight: 1, arbitrary: step('enable', (model, uid) => model.set(uid, { disabled: false })) },
  { weight: 1, arbitrary: step('delete', (model, uid) => model.remove(uid)) },
  { weight: 2, arbitrary: step('create', (model, uid) => model.create(uid, BRANCHES[uid]!, FOLLOWS[uid])) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('the disk is full', undefined).map((refusal): Step => ({
      words: refusal === undefined ? 'starts succeed' : 'starts fail',
      run: (model) => {
        model.driver.refusal = refusal
      },
    })),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(10, 60, 700, 3000, 31_000).map((ms): Step => ({
      words: `${ms} ms pass`,
      run: (model) => model.pass(ms),
    })),
  },
)

test('whatever happens, one server runs on a branch, no wake is lost and nobody is suspended who is active', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(looks, fc.array(steps, { minLength: 10, maxLength: 80 }), async (lookMs, todo) => {
      const model = new ComputesModel()
      model.driver.times.lookMs = lookMs
      for (const [uid, branchUid] of Object.entries(BRANCHES)) model.create(uid, branchUid, FOLLOWS[uid])
      for (const { run } of todo) {
        await run(model)
        await model.settle()
        if (model.broken.length > 0) break
      }
      await model.end()
      for (const [what, count] of model.seen) seen.set(what, (seen.get(what) ?? 0) + count)
      expect(model.broken, todo.map(({ words }) => words).join('\n')).toEqual([])
    }),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 200) },
  )
  // A run that never got anywhere proves nothing.
  for (const what of [
    'wakes answered',
    'idle',
    'failed',
    'parked',
    'replica prepared',
    'compute_start_failed',
    'endpoint_disabled',
  ])
    expect(seen.get(what), what).toBeGreaterThan(0)
})
