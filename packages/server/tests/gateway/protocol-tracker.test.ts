// The tracker beside a real Postgres: whatever a client says, in whatever pieces, it knows when the server waits for the client.
import { once } from 'node:events'
import { connect } from 'node:net'
import { encodeParse, encodePassword, encodeQuery, encodeStartup } from '@lakelet/wire'
import { array, assert, asyncProperty, integer } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProtocolTracker } from '../../src/gateway/protocol-tracker.ts'
import type { Cluster } from '../../src/postgres/index.ts'
import { installForTest, type TestInstallation } from '../postgres/installed.ts'
import { ENDING, pieces, RawSession, READY, script } from './sayings.ts'

let postgres: TestInstallation
let cluster: Cluster

beforeAll(async () => {
  postgres = await installForTest()
  cluster = await postgres.start(await postgres.newDataDirectory('tracked'))
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

async function logIn(): Promise<{ session: RawSession; greeting: Buffer }> {
  const socket = connect({ path: cluster.socketPath })
  await once(socket, 'connect')
  const session = new RawSession(socket)
  session.write(encodeStartup({ user: 'cloud_admin', database: 'postgres' }))
  const { password } = cluster.address
  if (password !== undefined) session.write(encodePassword(password))
  return { session, greeting: await session.mustReadTo(READY) }
}

describe('the protocol tracker', () => {
  test('knows when a session is idle, whatever was said and however it was cut', async () => {
    let round = 0
    let answered = 0
    await assert(
      asyncProperty(script, array(integer({ min: 1, max: 40 }), { minLength: 1 }), async (said, sizes) => {
        const { session, greeting } = await logIn()
        using _session = session
        const tracker = new ProtocolTracker()
        tracker.serverSent(greeting)
        expect(tracker.isIdle).toBe(true)

        round += 1
        const question = encodeQuery(`rollback; select 'the end ${round}'`)
        const bytes = Buffer.concat([...said.map(([, each]) => each), ENDING, question])
        session.write(bytes)
        for (const piece of pieces(bytes, sizes)) tracker.clientSent(piece)
        // The text stands in the answer and, where that came in the middle of an error, in no other place.
        const answer = await session.readTo(`the end ${round}`)
        // Some of it makes Postgres give up: a query in the middle of COPY data (copyfromparse.c, "protocol synchronization was lost").
        if (!answer) return
        answered += 1

        let taken = 0
        for (const piece of pieces(answer, sizes)) {
          expect(tracker.isIdle, `idle after ${taken} of ${answer.length} bytes`).toBe(false)
          tracker.serverSent(piece)
          taken += piece.length
        }
        expect(tracker).toMatchObject({ isIdle: true, transactionStatus: 'idle', messagesInFlight: 0 })
      }),
      { numRuns: 200 },
    )
    expect(answered).toBeGreaterThan(50)
  })

  test('is not idle in the middle of a message, in a transaction, or where a Sync is owed', async () => {
    const { session, greeting } = await logIn()
    using _session = session
    const tracker = new ProtocolTracker()
    tracker.serverSent(greeting)
    const query = encodeQuery('begin')
    tracker.clientSent(query.subarray(0, 3))
    expect(tracker.isIdle).toBe(false)
    tracker.clientSent(query.subarray(3))
    session.write(query)
    tracker.serverSent(await session.mustReadTo(READY))
    expect(tracker).toMatchObject({ isIdle: false, isQuiet: true, transactionStatus: 'open' })
    tracker.clientSent(encodeParse('', 'select 1'))
    expect(tracker.isQuiet).toBe(false)
  })

  test('says that it knows nothing of what is not the protocol', () => {
    const tracker = new ProtocolTracker()
    tracker.serverSent(Buffer.concat([READY, Buffer.from('I')]))
    expect(tracker.isIdle).toBe(true)
    tracker.clientSent(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    tracker.serverSent(Buffer.alloc(64))
    expect(tracker).toMatchObject({ isIdle: false, isBroken: true })
  })
})
