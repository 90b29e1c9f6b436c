// Transaction pooling: many clients over few backends, each of which belongs to one of them for a transaction.
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeClose, encodeParse, encodeSync } from '@lakelet/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { defaultPoolSettings, type PoolSettings } from '../../src/gateway/pool/settings.ts'
import {
  eventually,
  GATEWAYS,
  HOST_DOMAIN,
  startTestWorkspace,
  type TestClient,
  type TestWorkspace,
  upgrade,
  USER,
} from './test-workspace.ts'

const PARSE_COMPLETE = 0x31
const CLOSE_COMPLETE = 0x33

describe.each(GATEWAYS)('a pool, $name', ({ workers }) => {
  let workspace: TestWorkspace
  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'sessions end')
  })

  async function pooled(settings: Partial<PoolSettings> = {}) {
    await workspace.restartGateway({ pool: { ...defaultPoolSettings, ...settings } })
  }
  const connect = (overrides = {}): Promise<TestClient> =>
    workspace.connect({ endpoint: 'ep-one-pooler', ...overrides })

  test('clients with tokens share backends', async () => {
    await pooled({ size: 2 })
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect()))
    const answers = await Promise.all(
      clients.map(async (client, at) => {
        const { rows } = await client.query('select pg_backend_pid() as pid, $1::int as at', [at])
        expect(rows[0].at).toBe(at)
        return rows[0].pid as number
      }),
    )
    expect(new Set(answers).size).toBeLessThanOrEqual(2)
    await Promise.all(clients.map((client) => client.end()))
  })

  test('a transaction keeps its backend; a setting of one client is never seen by another, and never lost', async () => {
    await pooled({ size: 1 })
    await using one = await connect()
    await using two = await connect()
    await one.query(`set statement_timeout = '7s'`)
    await one.query('begin')
    await one.query('select 1')
    const waiting = two.query('show statement_timeout')
    await sleep(20)
    await one.query('commit')
    expect((await waiting).rows[0].statement_timeout).toBe('0')
    expect((await one.query('show statement_timeout')).rows[0].statement_timeout).toBe('7s')
  })

  test('prepared statements work on whichever backend it is', async () => {
    await pooled({ size: 2 })
    const clients = await Promise.all(Array.from({ length: 6 }, () => connect()))
    for (let round = 0; round < 5; round++)
      await Promise.all(
        clients.map(async (client, at) => {
          const { rows } = await client.query({
            name: `s${round % 2}`,
            text: `select $1::int + ${round % 2} as n`,
            values: [at],
          })
          expect(rows[0].n).toBe(at + (round % 2))
        }),
      )
    await Promise.all(clients.map((client) => client.end()))
  })

  // Each worker has a pool of its own, and whether two clients meet in one is not known.
  test.skipIf(workers > 1)(
    'what arrives in pieces while a client waits for a backend is all carried out (where there is one pool, not one in each worker)',
    async () => {
      await pooled({ size: 1 })
      await using other = await connect()
      using client = await upgrade({
        host: '127.0.0.1',
        port: workspace.gateway.address.port,
        servername: `ep-one-pooler.${HOST_DOMAIN}`,
        ALPNProtocols: ['postgresql'],
      })
      await client.logIn(
        { user: USER.name, database: 'databricks_postgres' },
        await workspace.token(USER.name),
      )
      client.write(encodeParse('named', 'select 1'), encodeSync())
      await client.until('readyForQuery')
      await other.query('begin')
      client.write(encodeClose('statement', 'named'))
      await eventually(
        async () => (await workspace.gateway.sessions()).some(({ state }) => state === 'waiting'),
        'it waits',
      )
      client.write(encodeParse('named', 'select 2'))
      await sleep(20)
      client.write(encodeSync())
      await sleep(20)
      await other.query('commit')
      const before = client.messages.length
      await client.until('readyForQuery')
      const answers = client.messages
        .slice(before)
        .map((each) => (each.type === 'other' ? each.code : each.type))
      expect(answers).toEqual([CLOSE_COMPLETE, PARSE_COMPLETE, 'readyForQuery'])
    },
    20_000,
  )

  test('what only one session has keeps its backend', async () => {
    await pooled({ size: 4 })
    await using one = await connect()
    await using two = await connect()
    await one.query('create temp table mine (n int)')
    await one.query('insert into mine values (1)')
    await two.query('select 1')
    expect((await one.query('select n from mine')).rows).toEqual([{ n: 1 }])
    await expect(two.query('select n from mine')).rejects.toThrow('does not exist')
    const [session] = (await workspace.gateway.sessions()).filter(({ pool }) => pool?.pinned)
    expect(session?.pool?.pinned).toBe('temporary')
    await one.query('drop table mine')
    await eventually(
      async () => (await workspace.gateway.sessions()).every(({ pool }) => !pool?.pinned),
      'unpinned',
    )
  })

  test('by an option where names do not resolve', async () => {
    await using client = await connect({ endpoint: 'ep-one', options: 'pool=transaction' })
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    const [session] = await workspace.gateway.sessions()
    expect(session?.pool).toEqual({})
    expect(USER.name).toBe(session?.role)
    expect(HOST_DOMAIN).toContain('database')
  })
})
