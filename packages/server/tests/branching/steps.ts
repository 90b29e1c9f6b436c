// What may happen to branches, in any order.
import * as fc from 'fast-check'
import type { BranchingModel } from './model.ts'
import type { Interruption } from './world.ts'

/** One thing that somebody does; its words are what a failing run prints. */
export interface Step {
  readonly words: string
  readonly run: (model: BranchingModel) => Promise<void>
  /** Which branch is looked at afterwards. */
  readonly look: number
}

const which = fc.nat(999)
const by = fc.constantFrom('time' as const, 'lsn' as const)
const interruption: fc.Arbitrary<Interruption | undefined> = fc.option(
  fc.record({ how: fc.constantFrom('kill' as const, 'fail' as const), place: fc.nat(6) }),
  { nil: undefined, freq: 3 },
)
const kill = interruption.map((each) => (each?.how === 'kill' ? each : undefined))

type Act = (
  model: BranchingModel,
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
  step(3, 'suspend', (model, number) => model.suspend(number)),
  step(3, 'crash', (model, number) => model.crash(number)),
  step(2, 'switch the segment', (model, number) => model.switchSegment(number)),
  step(2, 'take a base', (model, number) => model.takeBase(number, false)),
  step(1, 'take a base and forget', (model, number) => model.takeBase(number, true)),
  step(1, 'restart', (model) => model.restart()),
)
