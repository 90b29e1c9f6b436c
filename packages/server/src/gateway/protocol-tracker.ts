// Follows a session by the headers of its messages, both ways, without keeping or changing a byte: whether it is idle, what its transaction is, how
// many answers are outstanding. Retiring, parking, pooling and cancel all ask it.
// What answers what is that of postgres.c (PostgresMain), copyfromparse.c (CopyGetData) and the protocol's chapter on message flow.
import { HeaderScanner } from './header-scanner.ts'

/** As ReadyForQuery says it: idle, in a transaction, in a failed one. */
export type TransactionStatus = 'idle' | 'open' | 'failed'

const FRONTEND = {
  query: 0x51, // Q
  functionCall: 0x46, // F
  sync: 0x53, // S
  parse: 0x50, // P
  bind: 0x42, // B
  describe: 0x44, // D
  execute: 0x45, // E
  close: 0x43, // C
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  copyData: 0x64, // d
  flush: 0x48, // H
  terminate: 0x58, // X
} as const

const BACKEND = {
  readyForQuery: 0x5a, // Z
  errorResponse: 0x45, // E
  parseComplete: 0x31, // 1
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  rowDescription: 0x54, // T
  noData: 0x6e, // n
  commandComplete: 0x43, // C
  emptyQuery: 0x49, // I
  portalSuspended: 0x73, // s
  copyIn: 0x47, // G
} as const

/** Of the extended protocol: after an error in one of these, the server skips to the next Sync. */
const EXTENDED: ReadonlySet<number> = new Set([
  FRONTEND.parse,
  FRONTEND.bind,
  FRONTEND.describe,
  FRONTEND.execute,
  FRONTEND.close,
])

/** Each is answered by one ReadyForQuery. */
const ENDS_IN_READY: ReadonlySet<number> = new Set([FRONTEND.query, FRONTEND.functionCall, FRONTEND.sync])

/** Which message of the client an answer completes. */
const COMPLETES: ReadonlyMap<number, number> = new Map([
  [BACKEND.parseComplete, FRONTEND.parse],
  [BACKEND.bindComplete, FRONTEND.bind],
  [BACKEND.closeComplete, FRONTEND.close],
  [BACKEND.rowDescription, FRONTEND.describe],
  [BACKEND.noData, FRONTEND.describe],
  [BACKEND.commandComplete, FRONTEND.execute],
  [BACKEND.emptyQuery, FRONTEND.execute],
  [BACKEND.portalSuspended, FRONTEND.execute],
])

const STATUS: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'idle'], // I
  [0x54, 'open'], // T
  [0x45, 'failed'], // E
])

export class ProtocolTracker {
  readonly #client = new HeaderScanner((type) => this.#onClient(type))
  readonly #server = new HeaderScanner((type, first) => this.#onServer(type, first))
  /** What the client sent and the server has not dealt with, oldest first; never longer than what is on its way. */
  #waiting: number[] = []
  #head = 0
  #status: TransactionStatus | undefined
  /** The server reads COPY data: it takes no notice of Sync and Flush (CopyGetData). */
  #isCopyingIn = false
  /** An error of the extended protocol came: the server skips what the client sends until a Sync. */
  #isSkipping = false
  #isOver = false

  /** Takes bytes on their way to the server. */
  clientSent(chunk: Buffer): void {
    this.#client.scan(chunk)
  }

  /** Takes bytes on their way to the client. */
  serverSent(chunk: Buffer): void {
    this.#server.scan(chunk)
  }

  /** Of the last ReadyForQuery; undefined before the first. */
  get transactionStatus(): TransactionStatus | undefined {
    return this.#status
  }

  /** How many messages of the client the server has not dealt with. */
  get messagesInFlight(): number {
    return this.#waiting.length - this.#head
  }

  /** Nothing is cut in two if both sides are left as they are now. */
  get isBetweenMessages(): boolean {
    return !this.#client.isInside && !this.#server.isInside
  }

  /**
   * The server waits for the client, which has asked for nothing, and no transaction is open. False also for streams that are not the
   * protocol (`isBroken`), for then nothing is known.
   */
  get isIdle(): boolean {
    return this.#status === 'idle' && this.isQuiet
  }

  /** Like `isIdle`, whatever the transaction: nobody is in the middle of saying something. */
  get isQuiet(): boolean {
    return (
      this.#status !== undefined &&
      this.messagesInFlight === 0 &&
      !this.#isSkipping &&
      !this.#isOver &&
      this.isBetweenMessages &&
      !this.isBroken
    )
  }

  /** The server may be at work for the client; true also where that cannot be known. */
  get isBusy(): boolean {
    return this.#status === undefined || this.messagesInFlight > 0 || this.isBroken
  }

  /** Either side sent a length that no message has. */
  get isBroken(): boolean {
    return this.#client.isBroken || this.#server.isBroken
  }

  #onClient(type: number): void {
    if (this.#isCopyingIn) {
      this.#onCopyMessage(type)
      return
    }
    if (type === FRONTEND.terminate) this.#isOver = true
    if (this.#isSkipping && type !== FRONTEND.sync) return
    if (type === FRONTEND.sync) this.#isSkipping = false
    if (ENDS_IN_READY.has(type) || EXTENDED.has(type)) this.#waiting.push(type)
    // The end of a COPY that the server has not begun yet, or of none; then it means nothing.
    else if (isCopyEnd(type) && this.messagesInFlight > 0) this.#waiting.push(FRONTEND.copyDone)
  }

  #onCopyMessage(type: number): void {
    if (type === FRONTEND.copyData || type === FRONTEND.flush || type === FRONTEND.sync) return
    // Either the end, or a message that has no place here: the server takes it and raises an error.
    this.#isCopyingIn = false
  }

  #onServer(type: number, first: number): void {
    const head = this.#waiting[this.#head]
    const completed = COMPLETES.get(type)
    if (completed !== undefined) {
      if (head === completed) this.#take()
    } else if (type === BACKEND.readyForQuery) {
      this.#status = STATUS.get(first)
      this.#takeThroughReady()
    } else if (type === BACKEND.errorResponse) this.#onError(head)
    else if (type === BACKEND.copyIn) this.#beginCopyIn()
  }

  #onError(head: number | undefined): void {
    this.#isCopyingIn = false
    if (head === undefined || !EXTENDED.has(head)) return
    while (this.messagesInFlight > 0 && this.#waiting[this.#head] !== FRONTEND.sync) this.#advance()
    this.#isSkipping = this.messagesInFlight === 0
  }

  /** What the client sent ahead, up to the end of its data, is read as a part of the COPY: a Sync in it is lost. */
  #beginCopyIn(): void {
    const ahead = this.#waiting.slice(this.#head + 1)
    const end = ahead.findIndex((type) => type !== FRONTEND.sync)
    this.#isCopyingIn = end === -1
    const rest = end === -1 ? [] : ahead.slice(end + 1)
    this.#waiting = [...this.#waiting.slice(this.#head, this.#head + 1), ...rest]
    this.#head = 0
  }

  #takeThroughReady(): void {
    for (;;) {
      const type = this.#waiting[this.#head]
      if (type === undefined) return
      this.#take()
      if (ENDS_IN_READY.has(type)) return
    }
  }

  /** The head is dealt with, and ends of a COPY behind it were skipped. */
  #take(): void {
    this.#advance()
    while (this.#waiting[this.#head] === FRONTEND.copyDone) this.#advance()
  }

  #advance(): void {
    this.#head += 1
    if (this.#head < this.#waiting.length) {
      if (this.#head < 1024) return
      this.#waiting = this.#waiting.slice(this.#head)
    } else this.#waiting.length = 0
    this.#head = 0
  }
}

function isCopyEnd(type: number): boolean {
  return type === FRONTEND.copyDone || type === FRONTEND.copyFail
}
