// Reads messages from a client that is not trusted yet: bounded, with a deadline, and always watching for the client to leave.
import type { Duplex } from 'node:stream'
import { MessageFramer, type RawMessage } from '@lakelet/wire'

/** The client closed the connection, or it broke. Nobody is left to be told anything. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'

  constructor(options?: ErrorOptions) {
    super('the client closed the connection', options)
  }
}

/** A client that talks ahead of its turn is read no further than this. */
const READ_AHEAD = 128 * 1024

export class ClientReader {
  readonly #stream: Duplex
  readonly #framer: MessageFramer
  readonly #gone = new AbortController()
  #waiting: PromiseWithResolvers<void> | undefined

  /** `maxMessage`: the longest message taken, without its type byte. */
  constructor(stream: Duplex, maxMessage: number) {
    this.#stream = stream
    this.#framer = new MessageFramer({ maxLength: maxMessage })
    stream.on('readable', this.#onReadable)
    stream.on('end', this.#onEnd)
    stream.on('error', this.#onError)
    stream.on('close', this.#onEnd)
    this.#onReadable()
  }

  /** Aborted with a ClientGoneError when the client leaves. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  get buffered(): number {
    return this.#framer.buffered
  }

  readMessage(signal: AbortSignal): Promise<RawMessage> {
    return this.#read(() => this.#framer.next(), signal)
  }

  readPacket(signal: AbortSignal): Promise<Buffer> {
    return this.#read(() => this.#framer.nextUntyped(), signal)
  }

  peekByte(signal: AbortSignal): Promise<number> {
    return this.#read(() => this.#framer.peekByte(), signal)
  }

  /** Stops reading and gives what was read and not used. The stream belongs to the caller again. */
  release(): Buffer {
    this.#stream.off('readable', this.#onReadable)
    this.#stream.off('end', this.#onEnd)
    this.#stream.off('error', this.#onError)
    this.#stream.off('close', this.#onEnd)
    return this.#framer.takeRest()
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
      await this.#waiting.promise
      signal.removeEventListener('abort', onAbort)
    }
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
