// What a driver gets instead of a socket: it writes its startup packet into it, and what comes out is a connection that
// is already encrypted and logged in. Until then every attempt replays that packet; afterwards bytes just pass.
import { MessageFramer, decodeStartupPacket, encodeErrorResponse, encodeStartup } from '@lakelet/wire'
import type { StartupParameter } from '@lakelet/wire'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { LakebaseError } from '../errors.ts'
import { DialFailure } from './dial-failure.ts'
import type { Dialled } from './dialer.ts'
import type { ServerRefusal } from './failures.ts'
import type { SocketOwner } from './socket-owner.ts'
import { forward, settle } from './stream-callbacks.ts'

const MAX_STARTUP = 10_000
/** How long the server may take to close its half after the driver ended its own, in ms. */
const FAREWELL_MS = 3000

type State = 'startup' | 'dialling' | 'open' | 'cancel' | 'ended'

export class LakebaseSocket extends Duplex {
  readonly #owner: SocketOwner
  readonly #giveUp = new AbortController()
  readonly #framer = new MessageFramer({ maxLength: MAX_STARTUP })
  #state: State = 'startup'
  #socket: Socket | undefined
  /** What the driver wrote after its startup packet, before there was anybody to send it to. */
  #early: { chunk: Buffer; done: (error?: Error | null) => void } | undefined
  #isRef = true
  connecting = false

  constructor(owner: SocketOwner) {
    super({ allowHalfOpen: false, readableHighWaterMark: 256 * 1024, writableHighWaterMark: 256 * 1024 })
    this.#owner = owner
    owner.opened(this)
    this.once('close', () => owner.closed(this))
  }

  /** As `net.Socket.connect`, but to where the connector says. The 'connect' event comes at once, for the driver to begin. */
  connect(...args: readonly unknown[]): this {
    const listener = args.at(-1)
    if (typeof listener === 'function') this.once('connect', listener as () => void)
    this.connecting = true
    process.nextTick(() => {
      if (this.destroyed) return
      this.connecting = false
      this.emit('connect')
      this.emit('ready')
    })
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(isOn = false, delayMs = 0): this {
    // Keepalive is always on; the app may shorten or lengthen it.
    if (isOn) this.#socket?.setKeepAlive(true, delayMs || 30_000)
    return this
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.#socket?.setTimeout(ms, listener)
    return this
  }

  ref(): this {
    this.#isRef = true
    this.#socket?.ref()
    return this
  }

  unref(): this {
    this.#isRef = false
    this.#socket?.unref()
    return this
  }

  get readyState(): 'opening' | 'open' | 'closed' {
    if (this.destroyed) return 'closed'
    return this.connecting ? 'opening' : 'open'
  }

  get encrypted(): boolean {
    return true
  }

  get remoteAddress(): string | undefined {
    return this.#socket?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket?.remotePort
  }

  /** Destroys it; a driver that still waits for the connection is told why. */
  abandon(reason: Error): void {
    this.destroy(this.#state === 'open' ? undefined : reason)
  }

  /**
   * Once the connection is open and nothing waits here, what the driver writes goes straight to the socket below: this
   * stream's own buffering would do the same work twice for every query.
   */
  override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
    const socket = this.#socket
    if (this.#state === 'open' && socket && this.writableLength === 0 && this.writable) {
      return socket.write(chunk as Buffer, encoding as BufferEncoding, done as () => void)
    }
    return super.write(chunk, encoding as BufferEncoding, done as () => void)
  }

  override cork(): void {
    if (this.#state === 'open') this.#socket?.cork()
    else super.cork()
  }

  override uncork(): void {
    this.#socket?.uncork()
    super.uncork()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#state === 'open' && this.#socket) forward(this.#socket, chunk, done)
    else if (this.#state === 'startup') this.#begin(chunk, done)
    else if (this.#state === 'dialling') this.#early = { chunk, done }
    else done()
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  override _read(): void {
    if (this.#state === 'open') this.#socket?.resume()
  }

  override _final(done: (error?: Error | null) => void): void {
    const isBusy = this.#state === 'startup' || this.#state === 'dialling'
    if (isBusy)
      this.#giveUp.abort(new LakebaseError('CLOSED', 'the driver ended the connection before it was up'))
    if (!this.#socket || isBusy) {
      this.push(null)
      done()
      return
    }
    const socket = this.#socket
    socket.end(done)
    // A peer that is gone never closes its half.
    const timer = setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
    socket.once('close', () => clearTimeout(timer))
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#state = 'ended'
    this.#giveUp.abort(error ?? new LakebaseError('CLOSED', 'the connection was destroyed'))
    this.#socket?.destroy()
    const { early } = { early: this.#early }
    this.#early = undefined
    early?.done(error)
    done(error)
  }

  #begin(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#framer.push(chunk)
    let body: Buffer | undefined
    try {
      body = this.#framer.nextUntyped()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (!body) {
      done()
      return
    }
    const packet = decodeStartupPacket(body)
    if (packet.type === 'cancelRequest') this.#cancel(lengthPrefixed(body), done)
    else if (packet.type === 'startup') {
      this.#state = 'dialling'
      done()
      void this.#open(packet.parameters, (packet.major << 16) | packet.minor)
    } else {
      done(
        new LakebaseError(
          'CONFIGURATION',
          `the driver asked for encryption of its own (${packet.type}); give it ssl: false, lakelet-connect speaks TLS to the server`,
        ),
      )
    }
  }

  async #open(parameters: readonly StartupParameter[], version: number): Promise<void> {
    try {
      const sent = await this.#owner.startupParameters(parameters)
      if (this.destroyed) return
      const dialled = await this.#owner.dial(encodeStartup(sent, version), this.#giveUp.signal)
      this.#attach(dialled)
    } catch (error) {
      this.#fail(error)
    }
  }

  #attach({ socket, bytes }: Dialled): void {
    if (this.destroyed || this.#state !== 'dialling') {
      socket.destroy()
      return
    }
    this.#socket = socket
    this.#state = 'open'
    if (!this.#isRef) socket.unref()
    socket.on('data', (chunk: Buffer) => {
      // As `push` would, but without scheduling a read for each chunk.
      if (this.readableFlowing && this.readableLength === 0 && this.readableEncoding === null) {
        this.emit('data', chunk)
      } else if (!this.push(chunk)) socket.pause()
    })
    socket.on('drain', () => {
      if (this.writableLength === 0) this.emit('drain')
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => {
      if (!this.destroyed) this.destroy()
    })
    this.push(bytes)
    socket.resume()
    const early = this.#early
    this.#early = undefined
    if (early) forward(socket, early.chunk, early.done)
  }

  #fail(error: unknown): void {
    if (this.destroyed) return
    const refusal = error instanceof DialFailure ? error.refusal : undefined
    if (refusal) {
      this.#handOnRefusal(refusal)
      return
    }
    this.destroy(
      error instanceof DialFailure ? error.error : error instanceof Error ? error : new Error(String(error)),
    )
  }

  /** The server's own words, as bytes: the driver makes of them what it always does. */
  #handOnRefusal(refusal: ServerRefusal): void {
    this.#state = 'ended'
    const early = this.#early
    this.#early = undefined
    early?.done()
    this.push(encodeErrorResponse(refusal.fields))
    this.push(null)
  }

  #cancel(packet: Buffer, done: (error?: Error | null) => void): void {
    this.#state = 'cancel'
    const sent = this.#owner.dialForCancel(this.#giveUp.signal).then((socket) => {
      // The server answers nothing and closes.
      socket.on('close', () => this.destroy())
      socket.resume()
      socket.end(packet)
      this.#socket = socket
    })
    settle(sent, done)
  }
}

function lengthPrefixed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}
