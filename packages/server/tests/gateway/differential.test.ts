// One random script said to Postgres itself and through the gateway: the answers are the same, byte for byte, over a good network and over bad ones.
import { once } from 'node:events'
import { connect as connectUnix } from 'node:net'
import { encodePassword, encodeQuery, encodeStartup } from '@lakelet/wire'
import { array, assert, asyncProperty, integer, type Arbitrary } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { type Faults, startFaultProxy } from './fault-proxy.ts'
import { ENDING, pieces, RawSession, READY, script } from './sayings.ts'
import {
  dial,
  eventually,
  GATEWAYS,
  HOST_DOMAIN,
  startTestWorkspace,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'

const servername = `ep-one.${HOST_DOMAIN}`
const startup = encodeStartup({ user: USER.name, database: 'databricks_postgres' })

/** Networks that change nothing but when bytes come, and in what pieces. */
const NETWORKS: readonly (readonly [name: string, faults: Faults])[] = [
  ['whole', {}],
  ['in single bytes', { pieceSize: 1 }],
  ['that trickles', { pieceSize: 97, delayMs: 1 }],
]

describe.each(GATEWAYS)('through a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace
  let token: string

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
    token = await workspace.token(USER.name)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  async function logIn(port: number): Promise<RawSession> {
    const client = await (await dial(port)).encrypt({ servername })
    client.socket.removeAllListeners('data')
    const session = new RawSession(client.socket)
    session.write(Buffer.concat([startup, encodePassword(token)]))
    await session.mustReadTo(READY)
    return session
  }

  async function logInDirectly(): Promise<RawSession> {
    const { socketPath } = await workspace.start('ep-one')
    const socket = connectUnix({ path: socketPath })
    await once(socket, 'connect')
    const session = new RawSession(socket)
    session.write(startup)
    await session.mustReadTo(READY)
    return session
  }

  test.each(NETWORKS)('over a network %s', async (_name, faults) => {
    await using proxy = await startFaultProxy(workspace.gateway.address.port, faults)
    let answered = 0
    await assert(
      asyncProperty(script, sizes, async (said, cuts) => {
        using throughGateway = await logIn(proxy.port)
        using direct = await logInDirectly()
        const all = Buffer.concat([...said.map(([, each]) => each), ENDING, encodeQuery(THE_END)])
        for (const piece of pieces(all, cuts)) throughGateway.write(piece)
        direct.write(all)
        const [expected, got] = await Promise.all([
          direct.readTo('is the end'),
          throughGateway.readTo('is the end'),
        ])
        expect(got?.toString('latin1')).toBe(expected?.toString('latin1'))
        if (expected) answered += 1
      }),
      { numRuns: scaled(faults.pieceSize === undefined ? 25 : 6, 400) },
    )
    expect(answered).toBeGreaterThan(0)
  })

  test.each(['reset', 'half-close', 'silence'] as const)(
    'a network that ends in %s at any byte leaves nothing behind',
    async (breaks) => {
      const limits = { handshakeTimeoutMs: 500, authenticationTimeoutMs: 500 }
      await using gateway = await workspace.startGateway(limits)
      for (const afterBytes of [1, 8, 9, 60, 200, 500, 1_000, 2_000, 4_000]) {
        await using proxy = await startFaultProxy(gateway.address.port, { afterBytes, breaks })
        const session = await logIn(proxy.port).catch(() => undefined)
        using _session = session
        session?.write(Buffer.concat(Array.from({ length: 50 }, () => encodeQuery('select pg_sleep(0.001)'))))
      }
      await eventually(async () => (await gateway.sessions()).length === 0, 'every session ends')
      expect(workspace.sessions.size).toBe(0)
      await using client = await workspace.connect()
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    },
  )
})

const sizes: Arbitrary<number[]> = array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 })
/** What no error of a script can quote. */
const THE_END = `rollback; select 'this ' || 'is the end'`
