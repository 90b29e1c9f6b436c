// The tracker beside a real Postgres: whatever a client says, in whatever pieces, it knows when the server waits for the client.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
} from '@lakelet/wire'
import { array, assert, asyncProperty, constantFrom, integer, oneof } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Signal } from '../../src/base/signal.ts'
import { ProtocolTracker } from '../../src/gateway/protocol-tracker.ts'
import type { Cluster } from '../../src/postgres/index.ts'
import { installForTest, type TestInstallation } from '../postgres/installed.ts'

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

/** A session that gives the bytes of the server as they come. */
class Session implements Disposable {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #came = new Signal()
  #isClosed = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#isClosed = true
      this.#came.notify()
    })
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#came.notify()
    })
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Everything up to the ReadyForQuery behind `text`; undefined when the server ends the session instead. */
  async readTo(text: string | Buffer): Promise<Buffer | undefined> {
    for (;;) {
      const all = Buffer.concat(this.#chunks)
      if (all.includes(text) && all.subarray(-6, -1).equals(READY)) {
        this.#chunks.length = 0
        return all
      }
      if (this.#isClosed) return undefined
      await this.#came.wait()
    }
  }

  /** Like `readTo`; the server must not end the session. */
  async mustReadTo(text: string | Buffer): Promise<Buffer> {
    const bytes = await this.readTo(text)
    if (!bytes) throw new Error('the server ended the session')
    return bytes
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

/** ReadyForQuery but for the status. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5])

async function logIn(): Promise<{ session: Session; greeting: Buffer }> {
  const socket = connect({ path: cluster.socketPath })
  await once(socket, 'connect')
  const session = new Session(socket)
  session.write(encodeStartup({ user: 'cloud_admin', database: 'postgres' }))
  const { password } = cluster.address
  if (password !== undefined) session.write(encodePassword(password))
  return { session, greeting: await session.mustReadTo(READY) }
}

/** What clients say. Each may be said at any time, also where it makes no sense. */
const SAYINGS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['select', encodeQuery('select 1')],
  ['two statements', encodeQuery('select 1; select 2')],
  ['nothing', encodeQuery('')],
  ['an error', encodeQuery('select 1/0')],
  ['begin', encodeQuery('begin')],
  ['commit', encodeQuery('commit')],
  ['copy in', encodeQuery('create temp table if not exists t (n int); copy t from stdin')],
  ['copy out', encodeQuery('copy (select generate_series(1, 100)) to stdout')],
  ['copy in and more', encodeQuery('copy t from stdin; select 3')],
  ['data', encodeCopyData(Buffer.from('1\n'))],
  ['bad data', encodeCopyData(Buffer.from('x\n'))],
  ['copy done', encodeCopyDone()],
  ['copy fail', encodeCopyFail('enough')],
  ['parse', encodeParse('', 'select 1')],
  ['parse an error', encodeParse('', 'selekt')],
  ['parse a copy', encodeParse('', 'copy t from stdin')],
  ['parse nothing', encodeParse('', '')],
  ['bind', encodeBind('', '')],
  ['describe', encodeDescribe('portal', '')],
  ['describe a statement', encodeDescribe('statement', '')],
  ['execute', encodeExecute('')],
  ['sync', encodeSync()],
  ['flush', encodeFlush()],
]

/** What a COPY is made of, and what breaks it. */
const OF_COPY = /copy|data|select|sync|bind|execute|an error/
const script = oneof(
  array(constantFrom(...SAYINGS), { maxLength: 25 }),
  array(constantFrom(...SAYINGS.filter(([name]) => OF_COPY.test(name))), { maxLength: 14 }),
)

/** Ends whatever was begun, so that the question behind it is answered. */
const ENDING = Buffer.concat([encodeCopyFail('over'), encodeSync(), encodeSync()])

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

/** `bytes` in pieces of these sizes, again and again. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
