// What may happen to branches, in any order.
import * as fc from 'fast-check'
import type { PastModel } from './model-past.ts'
import type { Interruption } from './world.ts'

/** One thing that somebody does; its words are what a failing run prints. */
export interface Step {
  readonly words: string
  readonly run: (model: PastModel) => Promise<void>
  /** Which branch is looked at afterwards. */
  readonly look: number
}

/** Seconds for which what expires lives. */
const LIFE = 3600

const which = fc.nat(999)
const by = fc.constantFrom('time' as const, 'lsn' as const)
const interruption: fc.Arbitrary<Interruption | undefined> = fc.option(
  fc.record({ how: fc.constantFrom('kill' as const, 'fail' as const), place: fc.nat(6) }),
  { nil: undefined, freq: 3 },
)
const kill = interruption.map((each) => (each?.how === 'kill' ? each : undefined))

type Act = (
  model: PastModel,
  which: number,
  more: {
    readonly moment: number
    readonly by: 'time' | 'lsn'
    readonly interruption: Interruption | undefined
  },
) => Promise<void>

function step(weight: number, words: string, act: Act, interrupted = interruption) {
  const arbitrary = fc
    .record({ which, look: which, moment: which, by, interruption: interrupted })
    .map(({ which: number, look, ...more }): Step => ({
      words: `${words} ${number} ${JSON.stringify(more)}`,
      look,
      run: (model) => act(model, number, more),
    }))
  return { weight, arbitrary }
}

export const steps: fc.Arbitrary<Step> = fc.oneof(
  step(12, 'write', (model, number) => model.write(number, 'add')),
  step(2, 'empty', (model, number) => model.write(number, 'remove')),
  step(4, 'create', (model, number, more) => model.create(number, more.interruption)),
  step(4, 'create at', (model, number, more) =>
    model.createAt(number, more.moment, more.by, more.interruption),
  ),
  step(1, 'create before all', (model, number) =>
    model.createBeyond(number, { time: '2020-01-01T00:00:00Z' }),
  ),
  step(1, 'create beyond the end', (model, number) => model.createBeyond(number, { lsn: 'FF/0' })),
  step(4, 'restore', (model, number, more) => model.restore(number, more.moment, more.by, more.interruption)),
  step(3, 'reset', (model, number, more) => model.reset(number, more.interruption)),
  step(4, 'delete', (model, number, more) => model.delete(number, 'delete', more.interruption), kill),
  step(1, 'purge', (model, number, more) => model.delete(number, 'purge', more.interruption), kill),
  step(2, 'undelete', (model, number) => model.undelete(number)),
  step(2, 'create while written to', (model, number) => model.copyWhileWriting(number, 'branch')),
  step(2, 'snapshot while written to', (model, number) => model.copyWhileWriting(number, 'snapshot')),
  step(3, 'snapshot', (model, number, more) =>
    model.takeSnapshot(number, undefined, more.interruption, more.moment % 3 === 0 ? LIFE : undefined),
  ),
  step(2, 'snapshot of the past', (model, number, more) =>
    model.takeSnapshot(number, { which: more.moment, by: more.by }, more.interruption, undefined),
  ),
  step(
    1,
    'delete a snapshot',
    (model, number, more) => model.deleteSnapshot(number, more.interruption),
    kill,
  ),
  step(2, 'create of a snapshot', (model, number, more) => model.createOfSnapshot(number, more.interruption)),
  step(2, 'restore a snapshot', (model, number, more) =>
    model.restoreSnapshot(number, more.moment, more.interruption),
  ),
  step(4, 'look at the past', (model, number, more) => model.preview(number, more.moment, more.by)),
  step(2, 'look, restore and look again', (model, number, more) =>
    model.lookOverRestore(number, more.moment),
  ),
  step(3, 'give an end', (model, number) => model.setLife(number, LIFE)),
  step(1, 'take the end away', (model, number) => model.setLife(number, undefined)),
  step(1, 'protect', (model, number) => model.protect(number, true)),
  step(1, 'protect no more', (model, number) => model.protect(number, false)),
  step(2, 'an hour passes', (model) => model.passTime(LIFE + 10)),
  step(1, 'half an hour passes', (model) => model.passTime(LIFE / 2 + 10)),
  step(3, 'suspend', (model, number) => model.suspend(number)),
  step(3, 'crash', (model, number) => model.crash(number)),
  step(2, 'switch the segment', (model, number) => model.switchSegment(number)),
  step(2, 'take a base', (model, number) => model.takeBase(number, false)),
  step(1, 'take a base and forget', (model, number) => model.takeBase(number, true)),
  step(1, 'restart', (model) => model.restart()),
)
