// Any schedule of faults, over real sockets: the rules that always hold.
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool } from '../src/pg/index.ts'
import { startTestLakebase } from '../src/testing/index.ts'
import type { ConnectionFault, ControlPlaneFault, TestLakebase } from '../src/testing/index.ts'
import { until, wait } from './faults/measure.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startTestPostgres()
})

afterAll(() => postgres?.stop())

const controlPlaneFaults = fc.constantFrom<ControlPlaneFault>(
  { kind: 'hang' },
  { kind: 'reset' },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, retryAfter: '0' },
  { kind: 'truncated' },
  { kind: 'delay', ms: 100 },
  { kind: 'token', token: 'dapi00000000000000000000000000000000' },
)
const connectionFaults = fc.constantFrom<ConnectionFault>(
  { at: 'accept', action: 'reset' },
  { at: 'accept', action: 'close' },
  { at: 'startup', action: 'silence' },
  { at: 'login', action: { code: '57P03', message: 'the database system is starting up' } },
  { at: 'login', action: { code: '53300', message: 'sorry, too many clients already' } },
  { at: 'login', action: { code: '28000', message: 'External authorization failed' } },
  { at: 'login', action: { holdMs: 150 } },
)

type Action =
  | { at: 'control plane'; fault: ControlPlaneFault }
  | { at: 'server'; fault: ConnectionFault }
  | { at: 'sessions'; drop: 'close' | 'reset' | '57P01' }
  | { at: 'tokens' }
  | { at: 'nowhere' }

const actions: fc.Arbitrary<Action> = fc.oneof(
  controlPlaneFaults.map((fault) => ({ at: 'control plane' as const, fault })),
  connectionFaults.map((fault) => ({ at: 'server' as const, fault })),
  fc
    .constantFrom('close' as const, 'reset' as const, '57P01' as const)
    .map((drop) => ({ at: 'sessions' as const, drop })),
  fc.constant({ at: 'tokens' as const }),
  fc.constant({ at: 'nowhere' as const }),
)

function perform(action: Action, { controlPlane, proxy, tokens }: TestLakebase): void {
  switch (action.at) {
    case 'control plane':
      controlPlane.always(action.fault)
      break
    case 'server':
      proxy.always(action.fault)
      break
    case 'sessions':
      for (const session of proxy.sessions) session.drop(action.drop)
      break
    case 'tokens':
      tokens.revokeAll()
      break
    case 'nowhere':
      controlPlane.always(undefined)
      proxy.always(undefined)
      break
  }
}

test('the rules hold under any schedule of faults', async () => {
  const schedules = fc.array(fc.tuple(actions, fc.integer({ min: 20, max: 250 })), {
    minLength: 3,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      await using lakebase = await startTestLakebase({ upstream: postgres, ttlMs: 700 })
      await using pool = createPool({
        env: lakebase.env,
        max: 3,
        idleTimeoutMillis: 50,
        credential: { timeoutMs: 250 },
        connect: { timeoutMs: 2500, attemptTimeoutMs: 500, loginTimeoutMs: 500 },
      })
      const errors: unknown[] = []
      const over = new AbortController()
      const worker = async () => {
        while (!over.signal.aborted) {
          await pool.query('select 1').catch((error: unknown) => errors.push(error))
          await wait(10)
        }
      }
      const workers = [worker(), worker(), worker(), worker()]
      for (const [action, ms] of schedule) {
        perform(action, lakebase)
        await wait(ms)
      }
      lakebase.controlPlane.always(undefined)
      lakebase.proxy.always(undefined)
      over.abort()
      await Promise.all(workers)
      // The longest step of the backoff and a second, and what a busy machine adds.
      await until(
        'it recovers',
        () =>
          pool.query('select 1').then(
            () => true,
            () => false,
          ),
        20_000,
      )
      await pool.end()
      await until(
        'no socket is left',
        () => lakebase.proxy.openSockets + lakebase.controlPlane.openSockets === 0,
        20_000,
      )
      expect(lakebase.controlPlane.mostAtOnce).toBeLessThanOrEqual(1)
      expect(lakebase.proxy.plaintextPasswords).toBe(0)
      const printed = errors.map((error) => inspect(error, { depth: 8, showHidden: true })).join('\n')
      expect(printed).not.toMatch(/eyJ|test-secret|dapi0000|not a valid JWT/)
    }),
    { numRuns: 10 },
  )
})
