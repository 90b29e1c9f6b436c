// Whatever clients of a pool leave in their sessions, none ever sees another's, and each finds its own again; and what happens to them when
// their compute sleeps or dies, or they leave in the middle of a transaction.
import { connect as connectTo } from 'node:net'
import { encodeCancelRequest } from '@lakelet/wire'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPoolSettings } from '../../src/gateway/pool/settings.ts'
import { scaled } from '../../../../tests/hostile/duration.ts'
import {
  eventually,
  startTestWorkspace,
  type TestClient,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace(['ep-one'], 0)
  await workspace.restartGateway({ pool: { ...defaultPoolSettings, size: 6 } })
  await workspace.sql(
    'ep-one',
    `create table public.told (n int);
     create function public.tell() returns trigger language plpgsql as
       $$ begin perform set_config('app.told', new.n::text, false), set_config('lock_timeout', '99s', false); return new; end $$;
     create trigger tells before insert on public.told for each row execute function public.tell();
     create function public.keep(n int) returns void language plpgsql as
       $$ begin if n > 0 then execute format('prepare own as select %s as n', n); execute 'listen heard'; end if; end $$;
     create function public.keeping() returns trigger language plpgsql as
       $$ begin execute format('prepare "it''s ""own""" as select %s as n', new.n); return new;
          exception when duplicate_prepared_statement then return new; end $$;
     create table public.kept (n int);
     create trigger keeps before insert on public.kept for each row execute function public.keeping();
     grant all on public.told, public.kept to public; create role "rôle"; grant "rôle" to "${USER.name}"`,
  )
})
afterAll(() => workspace[Symbol.asyncDispose]())

const connect = (): Promise<TestClient> => workspace.connect({ endpoint: 'ep-one-pooler' })

/** What a client says, with what it must find afterwards: `n` is its own number. */
const LEAVES = {
  setting: (n: number) => `set statement_timeout = ${61_001 + n}`,
  custom: (n: number) => `select set_config('app.mine', '${n}', false)`,
  path: (n: number) => `set search_path = s${n}, public`,
  inside: (n: number) => `do $$ begin perform set_config('work_mem', '${1000 + n}kB', false); end $$`,
  undone: () => `begin; set statement_timeout = 77777; rollback`,
  local: () => `begin; set local statement_timeout = '9s'; commit`,
  reset: () => 'reset statement_timeout',
  hidden: (n: number) => `insert into public.told values (${n})`,
  temporary: (n: number) => `create temp table if not exists mine as select ${n} as n`,
  lock: (n: number) => `select pg_advisory_lock(${n})`,
  error: () => 'select 1/0',
  hiddenPrepare: (n: number) => `insert into public.kept values (${n})`,
  role: () => 'set role "rôle"',
  noRole: () => 'reset role',
  discard: () => 'discard all',
} as const
type Leave = keyof typeof LEAVES

/** What a session shows; each row is a client's own or nobody's. */
const LOOK = `select current_setting('statement_timeout') as setting, current_setting('app.mine', true) as custom,
  current_setting('search_path') as path, current_setting('work_mem') as inside, current_setting('lock_timeout') as hidden,
  current_setting('app.told', true) as told, to_regclass('pg_temp.mine') is not null as temporary,
  (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
  current_user as role, (select count(*)::int from pg_listening_channels()) as heard`
/** What an INSERT prepared in a trigger: its client's, or nothing. */
const LOOK_HIDDEN = `select statement from pg_prepared_statements where from_sql`

/** What the client has done so far. */
class Model {
  setting = '0'
  custom = ''
  path = '"$user", public'
  inside = '4MB'
  temporary = false
  locks = 0
  role: string = USER.name
  heard = 0

  take(leave: Leave, n: number): void {
    if (leave === 'setting') this.setting = `${61_001 + n}ms`
    if (leave === 'reset') this.setting = '0'
    if (leave === 'custom') this.custom = String(n)
    if (leave === 'path') this.path = `s${n}, public`
    if (leave === 'inside') this.inside = `${1000 + n}kB`
    if (leave === 'temporary') this.temporary = true
    if (leave === 'lock') this.locks = 1
    if (leave === 'role') this.role = 'rôle'
    if (leave === 'noRole') this.role = USER.name
    if (leave === 'discard') Object.assign(this, new Model())
  }
}

test(
  'no state of one client is seen by another, and none is lost',
  async () => {
    const step = fc.record({
      client: fc.nat({ max: 7 }),
      leave: fc.constantFrom(...(Object.keys(LEAVES) as Leave[])),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const clients = await Promise.all(Array.from({ length: 8 }, connect))
        const models = clients.map(() => new Model())
        const pins = new Set<number>()
        for (const { client: at, leave } of steps) {
          const client = clients[at]
          const model = models[at]
          if (!client || !model) continue
          // Half of the backends can be kept by one client each.
          if (leave === 'temporary' || leave === 'lock' || leave === 'hiddenPrepare') {
            if (!pins.has(at) && pins.size >= 3) continue
            pins.add(at)
          }
          const ran = await client.query(LEAVES[leave](at)).then(
            () => true,
            () => false,
          )
          expect(ran).toBe(leave !== 'error')
          model.take(leave, at)
          const looks = await Promise.all(clients.map((each) => each.query(LOOK)))
          for (const [each, { rows }] of looks.entries()) {
            const { told, hidden: _hidden, custom, locks, ...others } = rows[0]
            expect({ ...others, custom: custom ?? '', locks: Math.min(1, locks) }).toEqual(
              Object.assign({}, models[each]),
            )
            expect([null, '', String(each)]).toContain(told)
          }
          const hidden = await Promise.all(clients.map((each) => each.query(LOOK_HIDDEN)))
          for (const [each, { rows }] of hidden.entries())
            for (const { statement } of rows) expect(statement).toContain(`select ${each} as n`)
        }
        await Promise.all(clients.map((client) => client.end()))
      }),
      { numRuns: scaled(6, 300), interruptAfterTimeLimit: scaled(8_000, 600_000) },
    )
  },
  scaled(120_000, 900_000),
)

test('what a function prepares only sometimes, its caller may lose and nobody else ever finds', async () => {
  await workspace.restartGateway({ pool: { ...defaultPoolSettings, size: 1 } })
  const [one, two] = [await connect(), await connect()]
  // Looked after until it is taken for harmless.
  for (let i = 0; i < 5; i++) await one.query('select public.keep(0)')
  await one.query('select public.keep(1)')
  await expect(two.query('execute own')).rejects.toThrow('prepared statement "own" does not exist')
  expect((await two.query('select count(*)::int as n from pg_listening_channels()')).rows).toEqual([{ n: 0 }])
  await one.query('insert into public.kept values (1)')
  await two.query(`prepare "it's ""own""" as select 2 as n`)
  expect((await two.query(`execute "it's ""own"""`)).rows).toEqual([{ n: 2 }])
  await Promise.all([one.end(), two.end()])
})

test('an identity that a superuser took on stays with its client', async () => {
  await workspace.restartGateway({ pool: { ...defaultPoolSettings, size: 6 } })
  await workspace.sql('ep-one', `create role chief superuser login password 'long enough' in role native`)
  const chief = { endpoint: 'ep-one-pooler', user: 'chief', password: 'long enough' }
  await using one = await workspace.connect(chief)
  await using two = await workspace.connect(chief)
  await one.query('set session authorization native')
  expect((await two.query('select session_user')).rows).toEqual([{ session_user: 'chief' }])
  expect((await one.query('select session_user')).rows).toEqual([{ session_user: 'native' }])
  const pins = (await workspace.gateway.sessions()).map(({ pool }) => pool?.pinned)
  expect(pins.filter(Boolean)).toEqual(['authorization'])
  await one.query('reset session authorization')
  await eventually(
    async () => (await workspace.gateway.sessions()).every(({ pool }) => !pool?.pinned),
    'it shares again',
  )
})

test('who sits between two transactions does not notice that the compute sleeps, or dies', async () => {
  await using one = await connect()
  await using two = await connect()
  await one.query(`set statement_timeout = '7s'`)
  await two.query('select 1')
  expect(await workspace.gateway.park('ep-one', 1000)).toEqual({ parked: 2, refused: [] })
  await workspace.sleep('ep-one', true)
  const starts = workspace.starts
  expect((await one.query('show statement_timeout')).rows[0].statement_timeout).toBe('7s')
  expect(workspace.starts).toBe(starts + 1)
  const { pid } = await workspace.start('ep-one')
  expect(pid).toBeGreaterThan(0)
  if (pid) process.kill(pid, 'SIGKILL')
  await eventually(() => workspace.endpoint('ep-one').cluster === undefined, 'the compute is gone')
  await eventually(() => workspace.sessions.size === 0, 'its backends are gone')
  expect((await two.query('select 2 as n')).rows).toEqual([{ n: 2 }])
  expect((await one.query('show statement_timeout')).rows[0].statement_timeout).toBe('7s')
  expect([...one.errors, ...two.errors]).toEqual([])
})

test('a client that disappears in a transaction is rolled back, and its query is cancelled', async () => {
  const lost = await connect()
  await using other = await connect()
  await lost.query('begin')
  await lost.query('create table public.never (n int)')
  const running = lost.query('select pg_sleep(600)').catch(() => 'gone')
  const { pid } =
    (await workspace.gateway.sessions())
      .map(({ processId }) => ({ pid: processId }))
      .find((each) => each.pid) ?? {}
  expect(pid).toBeDefined()
  ;(lost as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  expect(await running).toBe('gone')
  await eventually(async () => {
    const { rows } = await other.query('select count(*)::int as n from pg_stat_activity where pid = $1', [
      pid,
    ])
    return rows[0].n === 0
  }, 'its backend has ended')
  expect((await other.query(`select to_regclass('public.never') as made`)).rows).toEqual([{ made: null }])
})

test('a cancel request ends what its client does, and nothing of another', async () => {
  await using one = await connect()
  await using two = await connect()
  const sleeping = one.query('select pg_sleep(600)')
  await eventually(
    async () => (await workspace.gateway.sessions()).some(({ state }) => state === 'active'),
    'it sleeps',
  )
  const working = two.query('select pg_sleep(0.2)')
  const { host, port } = workspace.gateway.address
  const secret = Buffer.alloc(4)
  secret.writeInt32BE(one.secretKey)
  connectTo({ host, port }).end(encodeCancelRequest(one.processID, secret))
  await expect(sleeping).rejects.toThrow('canceling statement due to user request')
  await working
  expect((await one.query('select 1 as n')).rows).toEqual([{ n: 1 }])
})
