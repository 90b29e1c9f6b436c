// Moves bytes between a client and its backend. It looks at the headers of messages and changes nothing: whatever Postgres and its drivers
// say to each other passes, and a message of 1 GiB needs no more memory than a small one. Each side is read only as fast as the other
// takes; when one side ends, the other hears of it.
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { BackendSocket } from './backend-socket.ts'
import { closeClient } from './close-client.ts'
import type { SessionState, TrafficBytes } from './control.ts'
import type { HintedErrors } from './hinted-errors.ts'
import { ProtocolTracker } from './protocol-tracker.ts'

export interface RelayOptions {
  readonly client: Socket
  readonly backend: BackendSocket
  /** Bytes that were read from the client before the relay began. */
  readonly fromClient: Buffer
  /** Bytes of the server behind the login that the client was sent already; they end at the end of a message or the relay goes on in it. */
  readonly fromServer: Buffer
  /** What changes errors of the server on their way; it has seen `fromServer`. */
  readonly errors?: HintedErrors
  readonly clock: Clock
  readonly halfClosedMs: number
  /** Ends what the backend is doing; called when it may be doing something, while the backend's connection is still open, so that it can hit no other session. */
  readonly cancel: (signal: AbortSignal) => Promise<void>
  /** The client sent bytes; called for every chunk, with the time on the monotonic clock. */
  readonly onClientBytes: (nowMs: number) => void
}

/** Who ended it. */
export type RelayEnd = 'client' | 'backend' | 'gateway'

export class Relay {
  /** Resolves when both sides are closed. */
  readonly ended: Promise<RelayEnd>
  readonly #options: RelayOptions
  readonly #done = Promise.withResolvers<RelayEnd>()
  readonly #closed = new AbortController()
  readonly #cut = new AbortController()
  #lastBytesMs: number
  #moves = 0
  #fromClient = 0
  #toClient = 0
  #isOver = false
  readonly #tracker = new ProtocolTracker()

  constructor(options: RelayOptions) {
    this.#options = options
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

  /** What the session does; undefined when its messages are not understood. */
  get state(): SessionState | undefined {
    if (this.#tracker.isBroken) return undefined
    if (this.#tracker.isIdle) return 'idle'
    return this.#tracker.isQuiet ? 'transaction' : 'active'
  }

  start(): void {
    const { client, backend, fromClient, fromServer, errors } = this.#options
    this.#tracker.serverSent(fromServer)
    this.#tracker.clientSent(fromClient)
    this.#fromClient = fromClient.length
    this.#toClient = fromServer.length
    backend.setSink((chunk, giveBack) => {
      this.#moved()
      this.#toClient += chunk.length
      this.#tracker.serverSent(chunk)
      return client.write(errors ? errors.pass(chunk) : chunk, giveBack)
    })
    client.on('drain', () => {
      backend.socket.resume()
    })
    client.on('data', (chunk: Buffer) => {
      this.#moved()
      this.#fromClient += chunk.length
      this.#options.onClientBytes(this.#lastBytesMs)
      this.#tracker.clientSent(chunk)
      if (!backend.socket.write(chunk)) client.pause()
    })
    backend.socket.on('drain', () => client.resume())
    client.once('end', () => void this.#onClientEnd())
    client.once('close', () => void this.#give('client'))
    client.on('error', () => void this.#give('client'))
    backend.socket.once('end', () => this.#onBackendEnd())
    backend.socket.once('close', () => this.#onBackendEnd())
    backend.socket.on('error', () => this.#onBackendEnd())
    if (fromClient.length > 0) backend.socket.write(fromClient)
    if (client.destroyed) void this.#give('client')
    if (backend.socket.destroyed) this.#onBackendEnd()
    client.resume()
    backend.socket.resume()
  }

  /** Ends the session from our side, telling the client why where that cannot land inside a message. */
  async terminate(farewell: Buffer): Promise<void> {
    if (this.#isOver) return
    const { client, backend } = this.#options
    client.pause()
    backend.socket.pause()
    if (this.#tracker.isBetweenMessages) client.write(farewell)
    await this.#give('gateway')
  }

  /** Lets go of both sides at once. */
  cut(): void {
    this.#cut.abort()
    this.#options.backend.socket.destroy()
    this.#options.client.destroy()
  }

  #moved(): void {
    this.#lastBytesMs = this.#options.clock.monotonicMs()
    this.#moves += 1
  }

  /** Half-close: what is on its way still goes to the client, until nothing more flows. */
  async #onClientEnd(): Promise<void> {
    const { backend, clock, halfClosedMs } = this.#options
    backend.socket.end()
    while (!this.#isOver) {
      await clock.sleep(halfClosedMs, this.#closed.signal).catch(() => {})
      if (clock.monotonicMs() - this.#lastBytesMs >= halfClosedMs) await this.#give('client')
    }
  }

  #onBackendEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.backend.socket.destroy()
    // A client that takes its leave has the server close the connection.
    void this.#closeClient(this.#tracker.isEnded ? 'client' : 'backend')
  }

  /** The session is over although the backend does not know: stop what it does, then let go of it. */
  async #give(end: RelayEnd): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const { backend, cancel } = this.#options
    backend.socket.pause()
    if (this.#tracker.isBusy) await cancel(this.#cut.signal)
    backend.socket.destroy()
    await this.#closeClient(end)
  }

  async #closeClient(end: RelayEnd): Promise<void> {
    const { client, clock } = this.#options
    this.#closed.abort()
    await closeClient(client, clock)
    this.#done.resolve(end)
  }
}
