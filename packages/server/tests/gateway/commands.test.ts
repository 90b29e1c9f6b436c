// What may be asked of the gateway: who is connected, to end sessions, to park them; and what the workspace is told and asked.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { errorData, LakeletError } from '../../src/base/errors.ts'
import { eventually, GATEWAYS, startTestWorkspace, type TestWorkspace, USER } from './test-workspace.ts'

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace
  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one', 'ep-two'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'every session ends')
    expect(workspace.sessions.size).toBe(0)
  })

  const retired = errorData(new LakeletError('connection_retired', { reason: 'asked to leave' }))

  async function idOf(processId: unknown): Promise<string> {
    const found = (await workspace.gateway.sessions()).find((each) => each.processId === processId)
    if (!found) throw new Error(`no session of process ${String(processId)}`)
    return found.id
  }

  async function stateOf(processId: unknown) {
    return (await workspace.gateway.sessions()).find((each) => each.processId === processId)?.state
  }

  test('sessions say who is connected to what, and what each does', async () => {
    const before = new Date()
    await using idle = await workspace.connect({ application_name: 'idler' })
    await using open = await workspace.connect({ endpoint: 'ep-two' })
    await using busy = await workspace.connect()
    await open.query('begin')
    const sleeping = busy.query('select pg_sleep(60)').catch((error: unknown) => error)
    const [idlePid, openPid, busyPid] = [idle, open, busy].map((each) => each.processID)
    await eventually(async () => (await stateOf(busyPid)) === 'active', 'the query is seen')
    const sessions = await workspace.gateway.sessions()
    const of = (pid: number | undefined) => sessions.find(({ processId }) => processId === pid)
    expect(of(idlePid)).toMatchObject({
      state: 'idle',
      stage: 'relaying',
      role: USER.name,
      database: 'databricks_postgres',
      applicationName: 'idler',
      address: '127.0.0.1',
      endpoint: { id: 'ep-one', name: 'projects/p/branches/b/endpoints/ep-one' },
    })
    expect(of(idlePid)?.since.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(of(openPid)).toMatchObject({ state: 'transaction', endpoint: { id: 'ep-two' } })
    expect(of(busyPid)?.state).toBe('active')
    await workspace.gateway.retire([await idOf(busyPid)], retired)
    expect(await sleeping).toMatchObject({ code: '57P01' })
  })

  test('each session is told of when it begins and when it ends: who, how, how much, why', async () => {
    const lines = (text: string) => workspace.log.lines.filter(({ msg }) => msg === text)
    const [before, events] = [lines('session closed').length, workspace.events.length]
    await using client = await workspace.connect({ application_name: 'counted' })
    await using kept = await workspace.connect({ user: 'native', password: 'correct horse' })
    const { rows } = await client.query(`select repeat('x', 100000) as long`)
    expect((rows[0] as { long: string }).long).toHaveLength(100_000)
    const session = (await workspace.gateway.sessions()).find(
      ({ applicationName }) => applicationName === 'counted',
    )
    expect(session).toMatchObject({ route: 'sni', auth: 'token' })
    expect(session!.bytes.toClient).toBeGreaterThan(100_000)
    expect(session!.bytes.fromClient).toBeGreaterThan(30)
    await client.end()
    await workspace.gateway.retire([await idOf(kept.processID)], retired)
    await eventually(() => lines('session closed').length === before + 2, 'both are closed')
    expect(lines('session opened').findLast(({ session: id }) => id === session!.id)).toMatchObject({
      endpoint: 'projects/p/branches/b/endpoints/ep-one',
      role: USER.name,
      identity: USER.name,
      database: 'databricks_postgres',
      applicationName: 'counted',
      address: '127.0.0.1',
      route: 'sni',
      auth: 'token',
      connectMs: expect.any(Number) as number,
    })
    const [first, second] = lines('session closed').slice(before)
    expect(first).toMatchObject({ session: session!.id, by: 'client', role: USER.name, auth: 'token' })
    expect(first!['bytesToClient']).toBeGreaterThan(100_000)
    expect(second).toMatchObject({ by: 'gateway', code: 'connection_retired', auth: 'scram', role: 'native' })
    const told = workspace.events.slice(events)
    expect(told.find(({ kind }) => kind === 'opened')).toMatchObject({ route: 'sni', auth: 'token' })
    const closed = told.find((event) => event.kind === 'closed' && event.session === session!.id)
    expect(closed).toMatchObject({ bytes: { toClient: first!['bytesToClient'] } })
  })

  test('who is not let in is told of with the SQLSTATE and what was asked for', async () => {
    const before = workspace.events.length
    const refused = () => workspace.events.slice(before).filter(({ kind }) => kind === 'refused')
    await workspace.connect({ password: 'eyJx.no.token' }).catch(() => undefined)
    await workspace.connect({ user: 'native', password: 'wrong' }).catch(() => undefined)
    await workspace.connect({ database: 'not_there' }).catch(() => undefined)
    await eventually(() => refused().length === 3, 'all three are told')
    expect(refused()).toEqual([
      expect.objectContaining({ sqlState: '28P01', auth: 'token' }),
      expect.objectContaining({ sqlState: '28P01', auth: 'scram' }),
      expect.not.objectContaining({ auth: expect.anything() as unknown }),
    ])
    expect(refused()[2]).toMatchObject({ sqlState: '3D000' })
  })

  test('retired sessions are told why and end, others and ids of nobody are left alone', async () => {
    await using one = await workspace.connect()
    await using other = await workspace.connect()
    await workspace.gateway.retire([await idOf(one.processID), 'nobody'], retired)
    await eventually(() => one.errors.length > 0, 'the client hears')
    expect(one.errors[0]).toMatchObject({
      code: '57P01',
      message: 'terminating connection: it was asked to leave',
    })
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('what can be parked is held, and all else says why it cannot', async () => {
    await using idle = await workspace.connect()
    await using open = await workspace.connect()
    await using busy = await workspace.connect()
    await using elsewhere = await workspace.connect({ endpoint: 'ep-two' })
    await open.query('begin')
    const sleeping = busy.query('select pg_sleep(60)').catch((error: unknown) => error)
    await eventually(async () => (await stateOf(busy.processID)) === 'active', 'the query is seen')
    const { parked, refused } = await workspace.gateway.park('ep-one', 1_000)
    const reasons = new Map(refused.map(({ session, reason }) => [session, reason]))
    expect(parked).toBe(1)
    expect(reasons).toEqual(
      new Map([
        [await idOf(open.processID), 'transaction'],
        [await idOf(busy.processID), 'active'],
      ]),
    )
    await workspace.gateway.settle('ep-one', 'released')
    expect((await idle.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect((await elsewhere.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await workspace.gateway.retire([await idOf(busy.processID)], retired)
    await sleeping
  })

  test('a connection looks its endpoint up once, and its life is reported in order', async () => {
    const lookUps = workspace.lookUps
    const client = await workspace.connect({
      password: await workspace.token(USER.name, { endpoint: 'ep-one' }),
    })
    expect(workspace.lookUps - lookUps).toBe(1)
    await eventually(async () => (await workspace.gateway.sessions())[0]?.state === 'idle', 'it is open')
    const id = await idOf(client.processID)
    expect(workspace.sessions.get(id)).toBe('ep-one')
    await client.end()
    const kinds = () =>
      workspace.events
        .filter(({ session, kind }) => session === id && kind !== 'active')
        .map(({ kind }) => kind)
    await eventually(() => kinds().length === 2, 'its end is reported')
    expect(kinds()).toEqual(['opened', 'closed'])
  })
})
