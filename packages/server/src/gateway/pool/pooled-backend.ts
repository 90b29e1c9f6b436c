// A backend of a pool: what it has reported and prepared, who used it last, and queries of our own in it.
import { decodeBackendMessage, encodeQuery, encodeTerminate, MessageFramer } from '@lakelet/wire'
import type { BackendSocket, Sink } from '../backend-socket.ts'
import { cancelBackend } from '../cancel-backend.ts'
import type { CancelTarget } from '../cancel-keys.ts'
import type { Backend } from '../connect-compute.ts'

/** Rows of text, one character a byte; `failed` is the server's SQLSTATE. */
export interface OwnAnswer {
  readonly rows: readonly (readonly string[])[]
  readonly failed: string | undefined
}

export class BackendLostError extends Error {
  override readonly name = 'BackendLostError'
}

interface Running {
  readonly framer: MessageFramer
  readonly rows: string[][]
  failed: string | undefined
  readonly done: PromiseWithResolvers<OwnAnswer>
}

/** Whoever has it now. */
export interface Holder {
  /** Takes what the backend says; see `Sink`. */
  readonly onChunk: Sink
  /** Its connection ended. */
  onLost(): void
}

export class PooledBackend {
  readonly id: string
  readonly key: CancelTarget
  /** The startup parameters it was opened with: backends of one class are alike. */
  readonly startupClass: string
  readonly openedMs: number
  /** What it reported last. */
  readonly parameters = new Map<string, string>()
  /** Prepared statements of ours, the one that was used last at the end. */
  readonly statements = new Set<string>()
  /** Whose session it is, until it is made anew for another client. */
  owner: object | undefined
  usedMs: number
  /** What its clients ran since it was last made new may have prepared statements that no text shows. */
  mayHide = false
  isLost = false
  readonly #connection: BackendSocket
  readonly #onLost: (backend: PooledBackend) => void
  #holder: Holder | undefined
  #running: Running | undefined
  #cancelling: Promise<void> | undefined

  constructor(
    backend: Backend,
    facts: {
      readonly id: string
      readonly startupClass: string
      readonly nowMs: number
      readonly onLost: (backend: PooledBackend) => void
    },
  ) {
    this.id = facts.id
    this.startupClass = facts.startupClass
    this.openedMs = facts.nowMs
    this.usedMs = facts.nowMs
    this.key = backend.key
    this.#connection = backend.connection
    this.#onLost = facts.onLost
    this.#readHead(backend.head)
    backend.connection.setSink((chunk, giveBack) => this.#take(chunk, giveBack))
    const { socket } = backend.connection
    socket.on('drain', () => this.onDrain?.())
    for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => this.#lost())
    if (socket.destroyed) this.#lost()
  }

  /** It takes bytes again. */
  onDrain: (() => void) | undefined

  get processId(): number {
    return this.key.processId
  }

  /** Waits until it is ready after the login. */
  async ready(rest: Buffer): Promise<void> {
    const running = this.#begin()
    if (rest.length > 0) this.#takeOwn(running, rest)
    this.resume()
    await running.done.promise
  }

  hold(holder: Holder): void {
    this.#holder = holder
  }

  letGo(): void {
    this.#holder = undefined
    this.onDrain = undefined
    this.resume()
  }

  /** False = write no more until `onDrain`. */
  write(bytes: Buffer): boolean {
    return this.#connection.socket.write(bytes)
  }

  pause(): void {
    this.#connection.socket.pause()
  }

  resume(): void {
    this.#connection.socket.resume()
  }

  /** Runs statements of our own, one character a byte. Throws BackendLostError. */
  run(text: string): Promise<OwnAnswer> {
    if (this.isLost) return Promise.reject(new BackendLostError('the backend is gone'))
    const running = this.#begin()
    const query = encodeQuery('')
    const bytes = Buffer.alloc(query.length + text.length)
    bytes[0] = query[0] ?? 0
    bytes.writeUInt32BE(bytes.length - 1, 1)
    bytes.write(text, 5, 'latin1')
    this.write(bytes)
    this.resume()
    return running.done.promise
  }

  /** Cancels what it does; whoever has it next waits until that can hit nobody else (`quiet`). */
  cancel(): Promise<void> {
    const before = this.#cancelling ?? Promise.resolve()
    const cancelling = before.then(() => cancelBackend(this.key))
    this.#cancelling = cancelling
    void cancelling.finally(() => {
      if (this.#cancelling === cancelling) this.#cancelling = undefined
    })
    return cancelling
  }

  /** Undefined when no cancel request is on its way. */
  get quiet(): Promise<void> | undefined {
    return this.#cancelling
  }

  /** Says goodbye; the server closes. */
  close(): void {
    if (!this.isLost) this.#connection.socket.end(encodeTerminate())
    this.#lost()
  }

  destroy(): void {
    this.#lost()
    this.#connection.socket.destroy()
  }

  #begin(): Running {
    const done = Promise.withResolvers<OwnAnswer>()
    const running: Running = { framer: new MessageFramer(), rows: [], failed: undefined, done }
    this.#running = running
    return running
  }

  #take(chunk: Buffer, giveBack: () => void): boolean {
    if (this.#running) {
      this.#takeOwn(this.#running, Buffer.from(chunk))
      giveBack()
      return true
    }
    if (this.#holder) return this.#holder.onChunk(chunk, giveBack)
    this.#takeIdle(Buffer.from(chunk))
    giveBack()
    return true
  }

  /** A backend that nobody uses may say that a setting was reloaded, or why it ends. Anything else, or half a message, is the end of it. */
  #takeIdle(chunk: Buffer): void {
    const framer = new MessageFramer()
    framer.push(chunk)
    for (const message of framer.messages()) this.#note(decodeBackendMessage(message))
    if (framer.buffered > 0) this.destroy()
  }

  #takeOwn(running: Running, chunk: Buffer): void {
    running.framer.push(chunk)
    for (const message of running.framer.messages()) {
      const decoded = decodeBackendMessage(message)
      if (decoded.type === 'dataRow')
        running.rows.push(decoded.values.map((value) => value?.toString('latin1') ?? ''))
      else if (decoded.type === 'errorResponse') running.failed ??= decoded.fields.code ?? 'XX000'
      else if (decoded.type === 'readyForQuery') {
        this.#running = undefined
        if (decoded.status === 'I') running.done.resolve({ rows: running.rows, failed: running.failed })
        else {
          running.done.reject(new BackendLostError('the backend is in a transaction'))
          this.destroy()
        }
        return
      } else this.#note(decoded)
    }
  }

  #note(message: ReturnType<typeof decodeBackendMessage>): void {
    if (message.type === 'parameterStatus') this.parameters.set(message.name, message.value)
  }

  #readHead(head: Buffer): void {
    const framer = new MessageFramer()
    framer.push(head)
    for (const message of framer.messages()) this.#note(decodeBackendMessage(message))
  }

  #lost(): void {
    if (this.isLost) return
    this.isLost = true
    this.#connection.socket.destroySoon()
    this.#running?.done.reject(new BackendLostError('the backend is gone'))
    this.#running?.done.promise.catch(() => {})
    this.#running = undefined
    this.#holder?.onLost()
    this.#onLost(this)
  }
}
