// What clients say to Postgres, by hand, for tests that compare or follow sessions: random scripts of messages, and a session of raw bytes.
import type { Duplex } from 'node:stream'
import {
  encodeBind,
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
import { array, constantFrom, oneof } from 'fast-check'
import { Signal } from '../../src/base/signal.ts'

/** A session that gives the bytes of the server as they come. */
export class RawSession implements Disposable {
  readonly #socket: Duplex
  readonly #chunks: Buffer[] = []
  readonly #came = new Signal()
  #isClosed = false

  constructor(socket: Duplex) {
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
export const READY = Buffer.from([0x5a, 0, 0, 0, 5])

/** What clients say. Each may be said at any time, also where it makes no sense. */
export const SAYINGS: readonly (readonly [name: string, bytes: Buffer])[] = [
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
export const script = oneof(
  array(constantFrom(...SAYINGS), { maxLength: 25 }),
  array(constantFrom(...SAYINGS.filter(([name]) => OF_COPY.test(name))), { maxLength: 14 }),
)

/** Ends whatever was begun, so that the question behind it is answered. */
export const ENDING = Buffer.concat([encodeCopyFail('over'), encodeSync(), encodeSync()])

/** `bytes` in pieces of these sizes, again and again. */
export function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
