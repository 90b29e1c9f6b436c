// The client's side of a connection until the relay takes over: plain, then encrypted, read message by message. It is not trusted yet, so
// what is read is bounded and has a deadline, and whether the client leaves is watched all the time.
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { MAX_STARTUP_LENGTH, MessageFramer, type RawMessage } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'

/** The client closed the connection, or it broke. Nobody is left to be told anything. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'

  constructor(options?: ErrorOptions) {
    super('the client closed the connection', options)
  }
}

/** The ALPN name that IANA has for the protocol. */
export const ALPN = 'postgresql'
/** A client that talks ahead of its turn is read no further than this. */
const READ_AHEAD = 128 * 1024
/** Longest startup packet, and longest password or SASL message (PG_MAX_AUTH_TOKEN_LENGTH, libpq/auth.h), with their lengths. */
const MAX_PACKET = MAX_STARTUP_LENGTH + 4
const MAX_MESSAGE = 65_535 + 4
const LINGER_MS = 2_000

export class ClientConnection {
  readonly address: string
  readonly #clock: Clock
  readonly #framer = new MessageFramer()
  readonly #gone = new AbortController()
  #stream: Socket
  #isEncrypted = false
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(socket: Socket, clock: Clock) {
    this.address = socket.remoteAddress ?? ''
    this.#clock = clock
    this.#stream = socket
    this.#attach()
  }

  /** Where messages to the client are written: the TLS stream once there is one. */
  get stream(): Socket {
    return this.#stream
  }

  /** Aborted with a ClientGoneError when the client leaves before `release`. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Bytes that came and were not asked for. */
  get buffered(): number {
    return this.#framer.buffered
  }

  get isEncrypted(): boolean {
    return this.#isEncrypted
  }

  /** Host name of the TLS handshake, lower case, without a trailing dot. */
  get sni(): string | undefined {
    const name = this.#stream instanceof TLSSocket ? this.#stream.servername : undefined
    return name ? name.toLowerCase().replace(/\.$/, '') : undefined
  }

  get alpn(): string | undefined {
    return (this.#stream instanceof TLSSocket && this.#stream.alpnProtocol) || undefined
  }

  /** A message of the login. */
  readMessage(signal: AbortSignal): Promise<RawMessage> {
    return this.#read(() => this.#framer.next(MAX_MESSAGE), signal)
  }

  /** A packet of the startup phase, without its length. */
  readPacket(signal: AbortSignal): Promise<Buffer> {
    return this.#read(() => this.#framer.nextUntyped(MAX_PACKET), signal)
  }

  peekByte(signal: AbortSignal): Promise<number> {
    return this.#read(() => this.#framer.peekByte(), signal)
  }

  /**
   * Goes on in TLS; bytes that were read already belong to the handshake. Reading goes on, for only who reads sees a client leave;
   * `signal` must be aborted then too.
   */
  async startTls(secureContext: SecureContext, signal: AbortSignal): Promise<void> {
    this.#detach()
    const early = this.#framer.takeRest()
    if (early.length > 0) this.#stream.unshift(early)
    const stream = new TLSSocket(this.#stream, { isServer: true, secureContext, ALPNProtocols: [ALPN] })
    this.#stream = stream
    this.#attach()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => reject(signal.reason as Error)
    stream.once('secure', () => {
      this.#isEncrypted = true
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    await promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  /** Stops reading and gives what was read and not used. The stream belongs to the caller from now on. */
  release(): Buffer {
    this.#detach()
    return this.#framer.takeRest()
  }

  /** Sends the last message and waits until it is out; bytes that still come in must not turn it into a reset. */
  async sayLast(message: Buffer): Promise<void> {
    const stream = this.#stream
    this.#detach()
    if (stream.destroyed || !stream.writable) return
    const closed = new AbortController()
    stream.once('close', () => closed.abort())
    stream.resume()
    stream.end(message)
    await this.#clock.sleep(LINGER_MS, closed.signal).catch(() => {})
  }

  async close(): Promise<void> {
    this.#detach()
    const stream = this.#stream
    if (stream.destroyed) return
    if (this.#isEncrypted) await this.#endEncryption()
    const { promise, resolve } = Promise.withResolvers<void>()
    stream.once('close', () => resolve())
    if (stream.closed) resolve()
    stream.destroy()
    await promise
  }

  /** Says that nothing more comes (TLS close_notify), as `be_tls_close` does; without it libpq takes the end for an attack. */
  async #endEncryption(): Promise<void> {
    const stream = this.#stream
    if (!stream.writable) return
    const over = new AbortController()
    stream.once('close', () => over.abort())
    stream.end(() => over.abort())
    await this.#clock.sleep(LINGER_MS, over.signal).catch(() => {})
  }

  async #read<T>(take: () => T | undefined, signal: AbortSignal): Promise<T> {
    for (;;) {
      const taken = take()
      if (taken !== undefined) return taken
      this.#gone.signal.throwIfAborted()
      signal.throwIfAborted()
      this.#waiting = Promise.withResolvers<void>()
      const onAbort = () => this.#wakeUp()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#onReadable()
      await this.#waiting?.promise
      signal.removeEventListener('abort', onAbort)
    }
  }

  #attach(): void {
    const stream = this.#stream
    // Whatever goes wrong with it is seen here or by the relay; without a listener it would end the process.
    stream.on('error', () => {})
    stream.on('readable', this.#onReadable)
    stream.on('end', this.#onEnd)
    stream.on('error', this.#onError)
    stream.on('close', this.#onEnd)
    this.#onReadable()
  }

  #detach(): void {
    const stream = this.#stream
    stream.off('readable', this.#onReadable)
    stream.off('end', this.#onEnd)
    stream.off('error', this.#onError)
    stream.off('close', this.#onEnd)
  }

  #wakeUp(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  readonly #onReadable = (): void => {
    let got = false
    while (this.#framer.buffered < READ_AHEAD) {
      const chunk = this.#stream.read() as Buffer | null
      if (chunk === null) break
      this.#framer.push(chunk)
      got = true
    }
    if (got) this.#wakeUp()
  }

  readonly #onEnd = (): void => {
    this.#leave(new ClientGoneError())
  }

  readonly #onError = (error: Error): void => {
    this.#leave(new ClientGoneError({ cause: error }))
  }

  #leave(reason: ClientGoneError): void {
    if (!this.#gone.signal.aborted) this.#gone.abort(reason)
    this.#wakeUp()
  }
}
