// One random script said to Postgres itself and through the gateway: the answers are the same, byte for byte, over a good network and over bad ones.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { encodeCancelRequest, encodePassword, encodeQuery, encodeStartup } from '@lakelet/wire'
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  oneof,
  type Arbitrary,
} from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { type Faults, startFaultProxy } from './fault-proxy.ts'
import { ENDING, pieces, RawSession, READY, SAYINGS, script as anySayings } from './sayings.ts'
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

  async function logIn(port: number): Promise<Greeted> {
    const client = await (await dial(port)).encrypt({ servername })
    client.socket.removeAllListeners('data')
    const session = new RawSession(client.socket)
    session.write(Buffer.concat([startup, encodePassword(token)]))
    return greeted(session, port)
  }

  async function logInDirectly(): Promise<Greeted> {
    const { socketPath } = await workspace.start('ep-one')
    const socket = connect({ path: socketPath })
    await once(socket, 'connect')
    const session = new RawSession(socket)
    session.write(startup)
    return greeted(session, socketPath)
  }

  test.each(NETWORKS)('over a network %s', async (_name, faults) => {
    await using proxy = await startFaultProxy(workspace.gateway.address.port, faults)
    let answered = 0
    await assert(
      asyncProperty(script, sizes, boolean(), async (said, cuts, cancels) => {
        const [throughGateway, direct] = [await logIn(proxy.port), await logInDirectly()]
        using _through = throughGateway.session
        using _direct = direct.session
        const begun = cancels ? await Promise.all([cancelled(direct), cancelled(throughGateway)]) : ['', '']
        expect(begun[1]).toBe(begun[0])
        const all = Buffer.concat([...said.map(([, each]) => each), ENDING, encodeQuery(THE_END)])
        for (const piece of pieces(all, cuts)) throughGateway.session.write(piece)
        direct.session.write(all)
        const [expected, got] = await Promise.all([answers(direct), answers(throughGateway)])
        expect(got).toBe(expected)
        if (expected !== undefined) answered += 1
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
        const session = await logIn(proxy.port).then(
          (greeted) => greeted.session,
          () => undefined,
        )
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

const NAMES = `errcode = '23505', schema = 's', table = 't', column = 'c', datatype = 'd', constraint = 'k'`
/** What only a session of its own allows, and what says more than rows: notices, notifications, changed parameters, errors with all their fields. */
const OF_SESSIONS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['notice', encodeQuery(`do $$begin raise notice 'a word' using detail = 'more', hint = 'do it'; end$$`)],
  [
    'all fields',
    encodeQuery(`do $$begin raise exception 'a word' using detail = 'more', hint = 'do it', ${NAMES}; end$$`),
  ],
  ['position', encodeQuery('select nothing_like_it from pg_class')],
  ['parameter', encodeQuery(`set application_name = 'another'; reset application_name`)],
  ['listen', encodeQuery('listen news')],
  ['notify', encodeQuery(`notify news, 'told'`)],
  ['unlisten', encodeQuery('unlisten *')],
]

const script = oneof(anySayings, array(constantFrom(...SAYINGS, ...OF_SESSIONS), { maxLength: 25 }))

/** A session behind its greeting, with what the greeting says of its backend. */
interface Greeted {
  readonly session: RawSession
  readonly processId: number
  /** Sends a cancel request as a client of this way does, to a port or to a socket, and waits until it has been dealt with. */
  readonly cancel: () => Promise<void>
}

async function greeted(session: RawSession, target: number | string): Promise<Greeted> {
  const greeting = await session.mustReadTo(READY)
  // BackendKeyData of protocol 3.0: type, length 12, process id, secret.
  const at = greeting.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]))
  const processId = greeting.readInt32BE(at + 5)
  const request = encodeCancelRequest(processId, greeting.subarray(at + 9, at + 13))
  const cancel = async () => {
    const socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect({ path: target })
    const closed = once(socket, 'close')
    socket.resume().write(request)
    await closed
  }
  return { session, processId, cancel }
}

/** The error in the answer to a query that would not end, and is cancelled until it does. Whether it had begun to answer by then is chance. */
async function cancelled({ session, cancel }: Greeted): Promise<string> {
  session.write(encodeQuery(`select 'never', pg_sleep(600)`))
  const answer = session
    .mustReadTo('57014')
    .then((bytes) => bytes.toString('latin1').replace(/^.*(?=SERROR)/s, ''))
  const isAnswered = answer.then(() => true)
  // A request that comes before the query does cancels nothing. None is on its way when the answer is given.
  while (!(await Promise.race([isAnswered, setTimeout(20, false)]))) await cancel()
  return answer
}

/** All that comes until the end of the script; a notification of the session's own names its backend, which is another one each time. */
async function answers({ session, processId }: Greeted): Promise<string | undefined> {
  const id = Buffer.alloc(4)
  id.writeInt32BE(processId)
  const from = (pid: string) => `A\0\0\0\u0012${pid}news\0told\0`
  return (await session.readTo('is the end'))
    ?.toString('latin1')
    .replaceAll(from(id.toString('latin1')), from('self'))
}

const sizes: Arbitrary<number[]> = array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 })
/** What no error of a script can quote. */
const THE_END = `rollback; select 'this ' || 'is the end'`
