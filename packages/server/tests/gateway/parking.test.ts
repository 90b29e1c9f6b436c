// Sessions that live without a backend while their compute sleeps, and what they have when they go on.
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { encodeCancelRequest } from '@lakelet/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { errorData, LakeletError } from '../../src/base/errors.ts'
import {
  eventually,
  GATEWAYS,
  startTestWorkspace,
  type TestClient,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace
  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'every session ends')
  })

  /** Puts the compute to sleep as computes do; the refused end. */
  async function sleep() {
    const result = await workspace.gateway.park('ep-one', 10_000)
    await workspace.gateway.settle('ep-one', 'parked')
    await workspace.gateway.retire(
      result.refused.map(({ session }) => session),
      errorData(new LakeletError('compute_suspended')),
    )
    await workspace.sleep('ep-one', true)
    return result
  }

  async function settled(client: TestClient): Promise<void> {
    await client.query('select 1')
    const isIdle = async () => (await workspace.gateway.sessions()).every(({ state }) => state === 'idle')
    await eventually(isIdle, 'the session is idle')
  }

  async function cancel({ processID, secretKey }: TestClient): Promise<void> {
    const socket = connectSocket(workspace.gateway.address.port, '127.0.0.1')
    const secret = Buffer.alloc(4)
    secret.writeInt32BE(secretKey)
    socket.end(encodeCancelRequest(processID, secret))
    await once(socket.resume(), 'close')
  }

  async function values(client: TestClient, text: string): Promise<unknown[]> {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
    return rows.flat()
  }

  test('an idle session goes on as if nothing had been', async () => {
    await using client = await workspace.connect({ application_name: 'kept' })
    const [pid] = await values(client, 'select pg_backend_pid()')
    await client.query(`set work_mem = '7MB'; set search_path = public, "$user"; set app.tenant = 'blue'`)
    await client.query(`select set_config('app.user', 'ada', false)`)
    await client.query(`begin; set local app.once = '1'; commit`)
    await client.query(`prepare by_sql(int) as select $1 + 1`)
    await client.query({ name: 'by_protocol', text: 'select $1::date + 1 as day', values: ['2026-01-31'] })
    await settled(client)
    expect(await sleep()).toEqual({ parked: 1, refused: [] })
    expect(await workspace.gateway.sessions()).toMatchObject([{ stage: 'parked', state: 'idle' }])
    expect(await values(client, 'show work_mem')).toEqual(['7MB'])
    expect(await values(client, 'show search_path')).toEqual(['public, "$user"'])
    expect(
      await values(
        client,
        `select current_setting('app.tenant'), current_setting('app.user'), current_setting('app.once')`,
      ),
    ).toEqual(['blue', 'ada', ''])
    expect(await values(client, 'execute by_sql(41)')).toEqual([42])
    const { rows } = await client.query<{ day: Date }>({
      name: 'by_protocol',
      text: 'select $1::date + 1 as day',
      values: ['2026-02-27'],
    })
    expect(rows[0]?.day.getDate()).toBe(28)
    expect(await values(client, 'select pg_backend_pid()')).not.toEqual([pid])
    expect(client.errors).toEqual([])
  })

  test('a listening session is back before anybody can notify it', async () => {
    await using listener = await workspace.connect()
    const heard: unknown[] = []
    listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]))
    await listener.query('listen "Odd ""channel"; listen plain')
    await settled(listener)
    expect(await sleep()).toEqual({ parked: 1, refused: [] })
    const cluster = await workspace.start('ep-one')
    await workspace.gateway.revive('ep-one', { unix: cluster.socketPath }, 5_000)
    await workspace.gateway.settle('ep-one', 'released')
    await workspace.sql('ep-one', `select pg_notify('Odd "channel', 'one'), pg_notify('plain', 'two')`)
    await eventually(() => heard.length === 2, 'both notifications come')
    expect(heard).toEqual([
      ['Odd "channel', 'one'],
      ['plain', 'two'],
    ])
  })

  test('who listens and wakes the compute notifies nobody before all that listen are back', async () => {
    await using stack = new AsyncDisposableStack()
    const listeners: TestClient[] = []
    const heard: (string | undefined)[] = []
    for (let at = 0; at < 4; at += 1) {
      const listener = stack.use(await workspace.connect())
      listener.on('notification', ({ payload }) => heard.push(payload))
      await listener.query('listen plain')
      await settled(listener)
      listeners.push(listener)
    }
    expect((await sleep()).parked).toBe(4)
    const { socketPath } = await workspace.start('ep-one')
    // They wait for the compute until it is offered to them; the first comes back long before the others do.
    const [first, ...others] = listeners
    const notified = first!.query(`select pg_notify('plain', 'first')`)
    await eventually(
      async () => (await workspace.gateway.sessions()).some(({ stage }) => stage !== 'parked'),
      'it is back or waits for the others',
    )
    await workspace.gateway.revive('ep-one', { unix: socketPath }, 5_000)
    await workspace.gateway.settle('ep-one', 'released')
    await notified
    await eventually(() => heard.length === 4, 'all hear it')
    for (const each of others) expect(each.errors).toEqual([])
  })

  test('what was notified before a session loses its backend reaches it', async () => {
    await using listener = await workspace.connect()
    const heard: unknown[] = []
    listener.on('notification', ({ payload }) => heard.push(payload))
    await listener.query('listen plain')
    const pid = Number((await values(listener, 'select pg_backend_pid()'))[0])
    await settled(listener)
    await workspace.gateway.park('ep-one', 10_000)
    process.kill(pid, 'SIGSTOP')
    await workspace.sql('ep-one', `select pg_notify('plain', 'late')`)
    const settling = workspace.gateway.settle('ep-one', 'parked')
    process.kill(pid, 'SIGCONT')
    await settling
    await eventually(() => heard.length > 0, 'it is told')
    expect(heard).toEqual(['late'])
    await workspace.sleep('ep-one', true)
    expect(await values(listener, 'select 1')).toEqual([1])
  })

  test.each([
    ['a temporary table', 'create temp table t (i int)', 'temporary_objects'],
    ['a held cursor', 'begin; declare c cursor with hold for select 1; commit', 'held_cursor'],
    ['an advisory lock', 'select pg_advisory_lock(1)', 'advisory_lock'],
    ['an open transaction', 'begin', 'transaction'],
    ['a seed', 'select setseed(0.5)', 'random_seed'],
    [
      'a setting that nobody spelled out',
      `do $$ begin perform set_config('ap' || 'p.x', '1', false); end $$`,
      'unproven',
    ],
    ['a prepared statement among others', `prepare a as select 1; prepare b as select 2`, 'unproven'],
  ])('%s keeps its backend, and what it holds', async (_, text, reason) => {
    await using client = await workspace.connect()
    await client.query(text)
    await eventually(async () => (await workspace.gateway.sessions())[0]?.state !== 'active', 'it is done')
    const { parked, refused } = await workspace.gateway.park('ep-one', 5_000)
    expect({ parked, reasons: refused.map((each) => each.reason) }).toEqual({ parked: 0, reasons: [reason] })
    await workspace.gateway.settle('ep-one', 'parked')
    expect((await workspace.gateway.sessions())[0]?.parkRefusal).toBe(reason)
    expect(await values(client, 'select 1')).toEqual([1])
    expect(client.errors).toEqual([])
  })

  test('a role that has changed meanwhile does not come back', async () => {
    const parkedAs = async (change: string, restore: string) => {
      await using client = await workspace.connect({ user: 'native', password: 'correct horse' })
      await settled(client)
      expect((await sleep()).parked).toBe(1)
      await workspace.sql('ep-one', change)
      const error = await client.query('select 1').catch((each: unknown) => each)
      await workspace.sql('ep-one', restore)
      return error
    }
    expect(await parkedAs('alter role native nologin', 'alter role native login')).toMatchObject({
      code: '57P01',
      detail: expect.stringContaining('not permitted to log in'),
    })
    const again = `alter role native password 'correct horse'`
    expect(await parkedAs(`alter role native password 'another'`, again)).toMatchObject({ code: '57P01' })
    expect(
      await parkedAs('alter role native rename to other', 'alter role other rename to native'),
    ).toMatchObject({ code: '57P01', detail: expect.stringContaining('does not exist') })
    await workspace.sql('ep-one', again)
  })

  test('a parked session can be retired, cancelled in vain, and left', async () => {
    await using retired = await workspace.connect()
    await settled(retired)
    await sleep()
    const [info] = await workspace.gateway.sessions()
    await workspace.gateway.retire([info!.id], errorData(new LakeletError('compute_suspended')))
    await eventually(() => retired.errors.length > 0, 'it is told')
    expect(retired.errors[0]).toMatchObject({ code: '57P01' })
    const left = await workspace.connect()
    await settled(left)
    await sleep()
    const { starts } = workspace
    await left.end()
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'it has left')
    expect(workspace.starts).toBe(starts)
  })

  test("what its backend says when it is ended a moment before it goes by itself is nobody's", async () => {
    await using client = await workspace.connect()
    const pid = Number((await values(client, 'select pg_backend_pid()'))[0])
    await settled(client)
    expect((await workspace.gateway.park('ep-one', 10_000)).parked).toBe(1)
    process.kill(pid, 'SIGSTOP')
    await workspace.gateway.settle('ep-one', 'parked')
    await workspace.sql('ep-one', `select pg_terminate_backend(${pid})`)
    process.kill(pid, 'SIGCONT')
    await workspace.sleep('ep-one', true)
    expect(client.errors).toEqual([])
    expect(await values(client, 'select 1')).toEqual([1])
  })

  test('the cancel key that a client has stays the right one', async () => {
    await using client = await workspace.connect()
    await settled(client)
    await sleep()
    await values(client, 'select 1')
    const sleeping = client.query('select pg_sleep(60)').catch((error: unknown) => error)
    await eventually(async () => (await workspace.gateway.sessions())[0]?.state === 'active', 'it runs')
    await cancel(client)
    expect(await sleeping).toMatchObject({ code: '57014' })
    expect(await values(client, 'select 1')).toEqual([1])
  })

  test('what a client says while it is looked at is not lost', async () => {
    await using client = await workspace.connect()
    for (let round = 0; round < 20; round += 1) {
      await settled(client)
      const parking = workspace.gateway.park('ep-one', 5_000)
      const answer = values(client, `select ${round}`)
      await parking
      await workspace.gateway.settle('ep-one', round % 2 === 0 ? 'parked' : 'released')
      expect(await answer).toEqual([round])
    }
    expect(client.errors).toEqual([])
  })

  test('what is kept of all of them together is bounded, and given back', async () => {
    await workspace.restartGateway({ parkedBytes: 60_000 })
    const clients = await Promise.all(Array.from({ length: 8 }, () => workspace.connect()))
    await using stack = new AsyncDisposableStack()
    for (const client of clients) {
      stack.use(client)
      await client.query(`set app.text = '${'x'.repeat(4_000)}'`)
    }
    const counts: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(clients.map((client) => settled(client)))
      const { parked, refused } = await workspace.gateway.park('ep-one', 10_000)
      await workspace.gateway.settle('ep-one', 'parked')
      const bytes = (await workspace.gateway.sessions()).map(({ parkedBytes = 0 }) => parkedBytes)
      expect(bytes.filter((each) => each > 4_000)).toHaveLength(parked)
      expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(60_000)
      expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['no_room']))
      expect(parked + refused.length).toBe(8)
      counts.push(parked)
      for (const client of clients) expect(await values(client, 'show app.text')).toEqual(['x'.repeat(4_000)])
    }
    expect(counts[0]).toBeGreaterThan(0)
    expect(counts).toEqual([counts[0], counts[0], counts[0]])
    expect(clients.flatMap(({ errors }) => errors)).toEqual([])
    await stack.disposeAsync()
    await workspace.restartGateway()
  })

  test('the settings of a role hold for who comes back as for who stayed', async () => {
    await workspace.sql('ep-one', `alter role "${USER.name}" set app.region = 'north'`)
    await using client = await workspace.connect()
    await client.query(`set app.region = 'south'`)
    await settled(client)
    expect((await sleep()).parked).toBe(1)
    expect(await values(client, 'show app.region')).toEqual(['south'])
    expect(await values(client, 'reset app.region; ')).toEqual([])
    expect(await values(client, 'show app.region')).toEqual(['north'])
    await settled(client)
    await workspace.sql('ep-one', `alter role "${USER.name}" set work_mem = '9MB'`)
    expect((await workspace.gateway.park('ep-one', 5_000)).refused).toMatchObject([{ reason: 'unproven' }])
    await workspace.gateway.settle('ep-one', 'released')
    await workspace.sql('ep-one', `alter role "${USER.name}" reset all`)
  })
})
