// The table of states against what is meant by it, for every pair: a move that is not named here is refused and changes nothing.
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createLogger } from '../base/log.ts'
import { type AskedMove, ComputeMachine, type ComputeState, shownState, STATES } from './machine.ts'

const ALL = Object.keys(STATES) as ComputeState[]
const LEGAL = new Set([
  'idle starting',
  'starting active',
  'starting failed',
  'active stopping',
  'active failed',
  'stopping idle',
  'stopping failed',
  'failed starting',
])
/** How each is reached from the first. */
const WAYS: Readonly<Record<ComputeState, readonly ComputeState[]>> = {
  idle: [],
  starting: ['starting'],
  active: ['starting', 'active'],
  stopping: ['starting', 'active', 'stopping'],
  failed: ['starting', 'failed'],
}

function machineIn(state: ComputeState) {
  const told: ComputeState[] = []
  const machine = new ComputeMachine({
    uid: 'ep-a',
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    onStateChanged: (_uid, to) => told.push(to),
  })
  for (const step of WAYS[state]) machine.move(step)
  return { machine, told }
}

const pairs = ALL.flatMap((from) => ALL.map((to) => [from, to] as const))

test.each(pairs)('from %s to %s', (from, to) => {
  const { machine, told } = machineIn(from)
  const before = told.length
  const isLegal = LEGAL.has(`${from} ${to}`)
  const refusal = refusalOf(() => machine.move(to))
  expect(refusal).toBe(isLegal ? undefined : `compute ep-a: ${from} cannot become ${to}`)
  expect([machine.state, ...told.slice(before)]).toEqual(isLegal ? [to, to] : [from])
})

function refusalOf(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Current and pending state of each, by what was asked: nothing, WAKE, SUSPEND, RESTART. */
const SHOWN: Readonly<Record<ComputeState, readonly string[]>> = {
  idle: ['IDLE', 'IDLE ACTIVE', 'IDLE', 'IDLE ACTIVE'],
  starting: ['IDLE ACTIVE', 'IDLE ACTIVE', 'IDLE ACTIVE', 'IDLE ACTIVE'],
  active: ['ACTIVE', 'ACTIVE', 'ACTIVE IDLE', 'ACTIVE ACTIVE'],
  stopping: ['ACTIVE IDLE', 'ACTIVE IDLE', 'ACTIVE IDLE', 'ACTIVE ACTIVE'],
  failed: ['DEGRADED', 'DEGRADED ACTIVE', 'DEGRADED IDLE', 'DEGRADED ACTIVE'],
}
const ASKED: readonly (AskedMove | undefined)[] = [undefined, 'WAKE', 'SUSPEND', 'RESTART']

test.each(ALL)('%s as the API shows it', (state) => {
  const shown = ASKED.map((asked) => {
    const { current_state: current, pending_state: pending } = shownState(state, asked)
    return pending === undefined ? current : `${current} ${pending}`
  })
  expect(shown).toEqual(SHOWN[state])
})
