// Questions of the gateway's own on the connection of a backend that waits for its client: what is sent is answered up to ReadyForQuery, and
// the client sees nothing of it. What the server says by itself meanwhile (notifications, changed parameters, its last words) is the client's.
import { decodeBackendMessage, MessageFramer, type NoticeFields } from '@lakelet/wire'
import type { BackendSocket } from '../backend-socket.ts'

/** What came back. */
export interface Answer {
  /** Of each row the first column. */
  readonly rows: readonly (Buffer | null)[]
  /** The server refused something; what followed it was skipped. */
  readonly error?: NoticeFields
  readonly parameters: ReadonlyMap<string, string>
}

/** The connection ended before the answer was there. */
export class BackendGoneError extends Error {
  override readonly name = 'BackendGoneError'

  constructor() {
    super('the server closed the connection')
  }
}

/** No state of a session is longer. */
const MOST_BYTES = 16 * 1024 * 1024

export class Conversation {
  readonly #connection: BackendSocket
  readonly #onOwn: (message: Buffer) => void
  readonly #framer = new MessageFramer({ maxLength: MOST_BYTES })
  #rows: (Buffer | null)[] = []
  #error: NoticeFields | undefined
  #parameters = new Map<string, string>()
  #waiting: { readonly answers: number; readonly done: PromiseWithResolvers<void> } | undefined
  #readies = 0

  /** `onOwn`: what the server says by itself, whole messages as they came. `rest`: what has come already. */
  constructor(connection: BackendSocket, onOwn: (message: Buffer) => void, rest: Buffer = Buffer.alloc(0)) {
    this.#connection = connection
    this.#onOwn = onOwn
    connection.setSink((chunk, giveBack) => {
      this.#take(Buffer.from(chunk))
      giveBack()
      return true
    })
    connection.socket.once('close', this.#onGone)
    connection.socket.once('end', this.#onGone)
    this.#take(rest)
    connection.socket.resume()
  }

  /**
   * Sends messages that are answered by `answers` ReadyForQuery, 0 bytes for what is answered already. Rejects with BackendGoneError, or
   * the reason of `signal`; nothing can be asked after that.
   */
  async ask(messages: Buffer, signal: AbortSignal, answers = 1): Promise<Answer> {
    signal.throwIfAborted()
    if (messages.length > 0) this.#connection.socket.write(messages)
    const done = Promise.withResolvers<void>()
    const onAbort = () => done.reject(signal.reason as Error)
    this.#waiting = { answers, done }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#settle()
    try {
      await done.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#waiting = undefined
    }
    const answer = {
      rows: this.#rows,
      parameters: this.#parameters,
      ...(this.#error ? { error: this.#error } : {}),
    }
    this.#rows = []
    this.#error = undefined
    this.#parameters = new Map()
    return answer
  }

  /** The end: whose the connection is next sets a sink of its own, and begins with these bytes, of a message whose rest has not come. */
  release(): Buffer {
    this.#connection.socket.off('close', this.#onGone)
    this.#connection.socket.off('end', this.#onGone)
    return this.#framer.takeRest()
  }

  readonly #onGone = (): void => {
    this.#waiting?.done.reject(new BackendGoneError())
  }

  #take(chunk: Buffer): void {
    try {
      this.#framer.push(chunk)
      for (const { type, body } of this.#framer.messages()) this.#read(type, body)
    } catch {
      this.#connection.socket.destroy()
    }
    this.#settle()
  }

  #settle(): void {
    const { waiting, isGone } = { waiting: this.#waiting, isGone: this.#connection.socket.destroyed }
    if (waiting && this.#readies >= waiting.answers) {
      this.#readies -= waiting.answers
      waiting.done.resolve()
    } else if (isGone) this.#onGone()
  }

  #read(type: number, body: Buffer): void {
    const message = decodeBackendMessage({ type, body })
    if (message.type === 'readyForQuery') this.#readies += 1
    else if (message.type === 'dataRow') this.#rows.push(message.values[0] ?? null)
    else if (message.type === 'notificationResponse') this.#onOwn(rawMessage(type, body))
    else if (message.type === 'parameterStatus') {
      this.#parameters.set(message.name, message.value)
      this.#onOwn(rawMessage(type, body))
    } else if (message.type === 'errorResponse') {
      this.#error ??= message.fields
      if (isLast(message.fields)) this.#onOwn(rawMessage(type, body))
    }
  }
}

/** After these the server ends the session. */
function isLast({ severity, severityCode }: NoticeFields): boolean {
  return ['FATAL', 'PANIC'].includes(severityCode ?? severity ?? '')
}

function rawMessage(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header[0] = type
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}
