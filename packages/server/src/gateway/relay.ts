// Moves bytes between a client and its backend. It looks at the headers of messages and changes nothing: whatever Postgres and its drivers
// say to each other passes, and a message of 1 GiB needs no more memory than a small one. Each side is read only as fast as the other
// takes; when one side ends, the other hears of it.
import type { Socket } from 'node:net'
import { encodeTerminate } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import type { BackendSocket } from './backend-socket.ts'
import { closeClient } from './close-client.ts'
import type { SessionState, TrafficBytes } from './control.ts'
import type { HintedErrors } from './hinted-errors.ts'
import { SettingNames } from './parking/setting-names.ts'
import { ProtocolTracker } from './protocol-tracker.ts'
import type { UnnamedStatements } from './unnamed-statements.ts'

/** A backend, as far as a relay needs it. */
export interface RelayBackend {
  readonly connection: BackendSocket
  /** Ends what the backend is doing; called when it may be doing something, while the backend's connection is still open, so that it can hit no other session. */
  readonly cancel: (signal: AbortSignal) => Promise<void>
}

export interface RelayOptions extends RelayBackend {
  readonly client: Socket
  /** Bytes that were read from the client before the relay began. */
  readonly fromClient: Buffer
  /** Bytes of the server behind the login that the client was sent already; they end at the end of a message or the relay goes on in it. */
  readonly fromServer: Buffer
  /** What changes errors of the server on their way; it has seen `fromServer`. */
  readonly errors?: HintedErrors
  readonly clock: Clock
  readonly halfClosedMs: number
  /** The client sent bytes; called for every chunk, with the time on the monotonic clock. */
  readonly onClientBytes: (nowMs: number) => void
}

/** Who ended it. */
export type RelayEnd = 'client' | 'backend' | 'gateway'

/** While nobody takes it, a client is read no further than this: only who reads sees it leave. */
const READ_AHEAD = 128 * 1024
const TERMINATE = 'X'.charCodeAt(0)

export class Relay {
  /** Resolves when both sides are closed. */
  readonly ended: Promise<RelayEnd>
  /** What the client spells out on its way. */
  readonly names = new SettingNames()
  readonly #options: RelayOptions
  readonly #done = Promise.withResolvers<RelayEnd>()
  readonly #closed = new AbortController()
  readonly #cut = new AbortController()
  readonly #tracker = new ProtocolTracker()
  /** Undefined while the session is parked. */
  #backend: RelayBackend | undefined
  /** Told of bytes that come while nothing passes. */
  #onWaiting: (() => void) | undefined
  #waiting: Buffer[] = []
  #isClientDone = false
  #lastBytesMs: number
  #moves = 0
  #fromClient = 0
  #toClient = 0
  #isOver = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#backend = options
    this.#lastBytesMs = options.clock.monotonicMs()
    this.ended = this.#done.promise
  }

  /** Grows whenever bytes move, either way. */
  get moves(): number {
    return this.#moves
  }

  /** What went through it, without what the login took. */
  get bytes(): TrafficBytes {
    return { fromClient: this.#fromClient, toClient: this.#toClient }
  }

  /** When bytes moved last, on the monotonic clock. */
  get lastBytesMs(): number {
    return this.#lastBytesMs
  }

  /** What the session does; undefined when its messages are not understood. */
  get state(): SessionState | undefined {
    if (this.#tracker.isBroken) return undefined
    if (this.#tracker.isIdle) return this.#waiting.length > 0 ? 'active' : 'idle'
    return this.#tracker.isQuiet ? 'transaction' : 'active'
  }

  /** The statement without a name. */
  get unnamed(): UnnamedStatements {
    return this.#tracker.unnamed
  }

  start(): void {
    const { client, fromClient, fromServer } = this.#options
    this.#tracker.serverSent(fromServer)
    this.#toClient = fromServer.length
    client.on('drain', () => {
      this.#backend?.connection.socket.resume()
    })
    client.on('data', (chunk: Buffer) => this.#onClientData(chunk))
    client.once('end', () => this.#onClientEnd())
    client.once('close', () => void this.#give('client'))
    client.on('error', () => void this.#give('client'))
    if (this.#backend) this.#take(this.#backend)
    this.#forward(fromClient)
    if (client.destroyed) void this.#give('client')
    client.resume()
  }

  /**
   * Has nothing pass until `release` or `attach`, and gives the connection of the backend away until then. Undefined where either side is
   * in the middle of something. `onWaiting` is called when the client says something meanwhile.
   */
  hold(onWaiting: () => void): BackendSocket | undefined {
    if (this.#isOver || !this.#backend || this.#onWaiting || this.#isClientDone || this.state !== 'idle')
      return undefined
    this.#onWaiting = onWaiting
    return this.#backend.connection
  }

  /** A whole message for the client, between two of the server's. */
  say(message: Buffer): void {
    if (!this.#isOver) this.#options.client.write(message)
  }

  /** The client said something that was held back, or has gone. */
  get isWanted(): boolean {
    return this.#isOver || this.#isClientDone || this.#waiting.length > 0
  }

  /** Goes on as before; `rest` came from the server meanwhile, after whole messages. */
  release(rest: Buffer): void {
    const backend = this.#backend
    if (this.#isOver || !backend) return
    this.#flow(backend, rest)
    this.#pass()
  }

  /** Lets go of the backend, which is idle; the client stays, and hears nothing of what the backend says while it goes. */
  detach(): void {
    if (this.#isOver || !this.#backend) return
    const { connection } = this.#backend
    const { socket } = connection
    this.#backend = undefined
    connection.setSink((_, giveBack) => {
      giveBack()
      return true
    })
    socket.removeAllListeners('end').removeAllListeners('close')
    socket.once('end', () => socket.destroy()).end(encodeTerminate())
    socket.resume()
    this.#consider()
  }

  /** Goes on with another backend that stands where the first one stood; `news` is for the client, `rest` as for `release`. */
  attach(backend: RelayBackend, news: Buffer, rest: Buffer): void {
    if (this.#isOver) {
      backend.connection.socket.destroy()
      return
    }
    this.#backend = backend
    if (news.length > 0) this.#options.client.write(news)
    this.#take(backend, rest)
    this.#pass()
  }

  #take(backend: RelayBackend, rest: Buffer = Buffer.alloc(0)): void {
    const { connection } = backend
    const { socket } = connection
    socket.on('drain', () => this.#options.client.resume())
    socket.on('end', () => this.#onBackendEnd(connection))
    socket.on('close', () => this.#onBackendEnd(connection))
    socket.on('error', () => this.#onBackendEnd(connection))
    this.#flow(backend, rest)
    if (socket.destroyed) this.#onBackendEnd(connection)
  }

  #flow({ connection }: RelayBackend, rest: Buffer): void {
    connection.setSink((chunk, giveBack) => this.#onServerData(chunk, giveBack))
    if (rest.length > 0) this.#onServerData(rest, () => {})
    connection.socket.resume()
  }

  #onServerData(chunk: Buffer, giveBack: () => void): boolean {
    const { client, errors } = this.#options
    this.#moved()
    this.#toClient += chunk.length
    this.#tracker.serverSent(chunk)
    return client.write(errors ? errors.pass(chunk) : chunk, giveBack)
  }

  #onClientData(chunk: Buffer): void {
    this.#moved()
    this.#options.onClientBytes(this.#lastBytesMs)
    if (!this.#onWaiting) return this.#forward(chunk)
    this.#waiting.push(chunk)
    if (this.#waiting.reduce((sum, each) => sum + each.length, 0) >= READ_AHEAD) this.#options.client.pause()
    this.#consider()
  }

  /** Somebody waits for a backend; who only says good-bye needs none. */
  #consider(): void {
    if (this.#isOver || !this.#onWaiting) return
    if (!this.#backend && (this.#waiting[0]?.[0] === TERMINATE || (this.#isClientDone && !this.#waiting[0])))
      void this.#give('client')
    else if (this.#waiting.length > 0) this.#onWaiting()
  }

  /** What was held back goes first. */
  #pass(): void {
    const waiting = this.#waiting
    this.#onWaiting = undefined
    this.#waiting = []
    for (const chunk of waiting) this.#forward(chunk)
    if (this.#isClientDone) void this.#endBackend()
    this.#options.client.resume()
  }

  #forward(chunk: Buffer): void {
    if (chunk.length === 0 || !this.#backend) return
    this.#fromClient += chunk.length
    this.names.see(chunk)
    this.#tracker.clientSent(chunk)
    if (!this.#backend.connection.socket.write(chunk)) this.#options.client.pause()
  }

  /** Ends the session from our side, telling the client why where that cannot land inside a message. */
  async terminate(farewell: Buffer): Promise<void> {
    if (this.#isOver) return
    const { client } = this.#options
    client.pause()
    this.#backend?.connection.socket.pause()
    if (this.#tracker.isBetweenMessages) client.write(farewell)
    await this.#give('gateway')
  }

  /** Lets go of both sides at once. */
  cut(): void {
    this.#cut.abort()
    this.#backend?.connection.socket.destroy()
    this.#options.client.destroy()
  }

  #moved(): void {
    this.#lastBytesMs = this.#options.clock.monotonicMs()
    this.#moves += 1
  }

  #onClientEnd(): void {
    this.#isClientDone = true
    if (this.#onWaiting) this.#consider()
    else void this.#endBackend()
  }

  /** Half-close: what is on its way still goes to the client, until nothing more flows. */
  async #endBackend(): Promise<void> {
    const { clock, halfClosedMs } = this.#options
    this.#backend?.connection.socket.end()
    while (!this.#isOver) {
      await clock.sleep(halfClosedMs, this.#closed.signal).catch(() => {})
      if (clock.monotonicMs() - this.#lastBytesMs >= halfClosedMs) await this.#give('client')
    }
  }

  #onBackendEnd(connection: BackendSocket): void {
    if (this.#isOver || this.#backend?.connection !== connection) return
    this.#isOver = true
    connection.socket.destroy()
    // A client that takes its leave has the server close the connection.
    void this.#closeClient(this.#tracker.isEnded ? 'client' : 'backend')
  }

  /** The session is over although the backend does not know: stop what it does, then let go of it. */
  async #give(end: RelayEnd): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const backend = this.#backend
    backend?.connection.socket.pause()
    if (backend && this.#tracker.isBusy) await backend.cancel(this.#cut.signal)
    backend?.connection.socket.destroy()
    await this.#closeClient(end)
  }

  async #closeClient(end: RelayEnd): Promise<void> {
    this.#closed.abort()
    await closeClient(this.#options.client, this.#options.clock)
    this.#done.resolve(end)
  }
}
