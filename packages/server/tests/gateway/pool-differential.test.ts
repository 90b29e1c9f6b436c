// The same script of messages, straight to Postgres over its socket and through a pool whose backends go from client to client: the answers are
// the same bytes. Another client uses the same backends in between, so that statements have to be prepared again and again.
import {
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@lakelet/wire'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPoolSettings } from '../../src/gateway/pool/settings.ts'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { answersTo, directly, type Step, throughGateway } from './scripts.ts'
import { startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace(['ep-one'], 0)
  await workspace.restartGateway({ pool: { ...defaultPoolSettings, size: 2, maxPreparedStatements: 3 } })
  await workspace.sql(
    'ep-one',
    'create table public.copied (n int); create table public.kept (n int primary key); grant all on public.copied, public.kept to public',
  )
})
afterAll(() => workspace[Symbol.asyncDispose]())

const NAMES = ['', 'a', 'b', 'c', 'd', 'e']
const TEXTS = [
  'select $1::int + 1 as n',
  'select n from kept where n = $1',
  'insert into kept values ($1) on conflict do nothing returning n',
  'select 1 / $1::int',
  'select nothing from nowhere where $1 = 1',
  'selekt $1',
]
const QUERIES = [
  'select 1',
  'select 1; select 2',
  'begin',
  'commit',
  'rollback',
  'select 1/0',
  '',
  'insert into kept values (1)',
  `set extra_float_digits = 2; show extra_float_digits`,
  `set local work_mem = '5MB'`,
  'show work_mem',
  `do $$ begin raise notice 'noted'; end $$`,
  `set datestyle = 'German'`,
  `select date '2020-01-31'`,
  `copy (select 1 union all select 2) to stdout`,
  'savepoint s',
  'rollback to s',
  'reset all',
  'declare p cursor for select generate_series(1, 5)',
  'fetch 2 from p',
]
const name = fc.constantFrom(...NAMES)
const extended = fc.oneof(
  fc.record({ name, text: fc.constantFrom(...TEXTS) }).map((each) => encodeParse(each.name, each.text, [23])),
  fc
    .record({ name, value: fc.constantFrom('0', '1', '7') })
    .map((each) => encodeBind('', each.name, [each.value])),
  name.map((each) => encodeDescribe('statement', each)),
  fc.constant(encodeDescribe('portal', '')),
  fc.constant(encodeExecute('')),
  fc.constant(encodeExecute('', 1)),
  name.map((each) => encodeClose('statement', each)),
  fc.constant(encodeFlush()),
)
const whole = fc
  .record({ name, text: fc.constantFrom(...TEXTS), value: fc.constantFrom('0', '1', '7') })
  .map((each) =>
    Buffer.concat([
      encodeParse(each.name, each.text, [23]),
      encodeBind('', each.name, [each.value]),
      encodeDescribe('portal', ''),
      encodeExecute(''),
    ]),
  )
const again = fc
  .record({ name, value: fc.constantFrom('0', '1', '7') })
  .map((each) => Buffer.concat([encodeBind('', each.name, [each.value]), encodeExecute('')]))
const batch = fc
  .array(fc.oneof(extended, whole, again), { minLength: 1, maxLength: 5 })
  .map((messages): Step => ({ bytes: Buffer.concat([...messages, encodeSync()]), readies: 1 }))
const query = fc.constantFrom(...QUERIES).map((text): Step => ({ bytes: encodeQuery(text), readies: 1 }))
const copy = fc.boolean().map((isGood): Step => {
  const end = isGood ? encodeCopyDone() : encodeCopyFail('no')
  return {
    bytes: Buffer.concat([encodeQuery('copy copied from stdin'), encodeCopyData(Buffer.from('1\n2\n')), end]),
    readies: 1,
  }
})
const step = fc.oneof({ weight: 3, arbitrary: batch }, { weight: 3, arbitrary: query }, copy)
/** Several at once: a pipeline. */
const stretch = fc
  .array(step, { minLength: 1, maxLength: 3 })
  .map((steps): Step => ({ bytes: Buffer.concat(steps.map(({ bytes }) => bytes)), readies: steps.length }))
const script = fc.array(stretch, { minLength: 1, maxLength: 8 })

/**
 * In a transaction that has failed, the server refuses what the pool prepares in front of the client's message rather than that message: the same
 * error from another line of its source.
 */
function withoutPlace(body: string): string {
  return body.includes('C25P02') ? body.replace(/F[^\0]*\0L\d+\0R[^\0]*/, '') : body
}

test(
  'a script is answered in a pool as it is without one',
  async () => {
    const other = await workspace.connect({ endpoint: 'ep-one-pooler' })
    const third = await workspace.connect({ endpoint: 'ep-one-pooler' })
    const clear = () => workspace.sql('ep-one', 'truncate public.kept, public.copied')
    const between = () =>
      Promise.all(
        [other, third].map((each) => each.query({ name: 'o', text: 'select $1::int', values: [1] })),
      )
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        await clear()
        using direct = await directly(workspace)
        const expected = await answersTo(direct, steps, async () => {}, withoutPlace)
        direct.socket.end(Buffer.from([0x58, 0, 0, 0, 4]))
        await direct.closed()
        await clear()
        using pooled = await throughGateway(workspace, 'ep-one-pooler')
        expect(await answersTo(pooled, steps, between, withoutPlace)).toEqual(expected)
        pooled.socket.end(Buffer.from([0x58, 0, 0, 0, 4]))
        await pooled.closed()
      }),
      { numRuns: scaled(25, 1500), endOnFailure: false, interruptAfterTimeLimit: scaled(8_000, 600_000) },
    )
    await Promise.all([other.end(), third.end()])
  },
  scaled(120_000, 900_000),
)
