// Follows a session by the headers of its messages, both ways, without keeping or changing a byte: whether it is idle, what its transaction is, how
// many answers are outstanding. Retiring, parking, pooling and cancel all ask it.
// What answers what is that of postgres.c (PostgresMain), copyfromparse.c (CopyGetData) and the protocol's chapter on message flow.
import { HeaderScanner, type OnBody } from './header-scanner.ts'
import { BACKEND, FRONTEND } from './message-types.ts'
import { UnnamedStatements } from './unnamed-statements.ts'

/** As ReadyForQuery says it: idle, in a transaction, in a failed one. */
export type TransactionStatus = 'idle' | 'open' | 'failed'

/** A Sync that the server may have read as a part of COPY data, and then will not answer. */
const MAYBE_SYNC = 0
/** A Parse without a name. */
const PARSE_UNNAMED = 0x150
/** As many messages can be outstanding; where more are, nothing is known any more. */
const MOST_WAITING = 100_000

/** Of the extended protocol: after an error in one of these, the server skips to the next Sync. */
const EXTENDED: ReadonlySet<number> = new Set([
  FRONTEND.parse,
  PARSE_UNNAMED,
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

/** What the server says of a message of the client, in the order of those. Notices and the like may come at any time. */
const ANSWERS: ReadonlySet<number> = new Set([...COMPLETES.keys(), BACKEND.errorResponse, BACKEND.copyIn])

const STATUS: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'idle'], // I
  [0x54, 'open'], // T
  [0x45, 'failed'], // E
])

export class ProtocolTracker {
  /** What is known of the statement without a name. */
  readonly unnamed = new UnnamedStatements()
  readonly #client = new HeaderScanner((type, first) => this.#onClient(type, first))
  readonly #server = new HeaderScanner((type, first) => {
    this.#onServer(type, first)
    return undefined
  })
  /** What the client sent and the server has not dealt with, oldest first; never longer than what is on its way. */
  #waiting: number[] = []
  #head = 0
  #status: TransactionStatus | undefined
  /** The server reads COPY data, as far as it has said: it takes no notice of Sync and Flush (CopyGetData). */
  #isCopyingIn = false
  /** An error of the extended protocol came: the server skips what the client sends until a Sync. */
  #isSkipping = false
  #isOver = false
  /** More was outstanding than is kept. */
  #isLost = false

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

  /** The client said that it ends the session. */
  get isEnded(): boolean {
    return this.#isOver
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

  /** Either side sent a length that no message has, or the client more than can be followed. */
  get isBroken(): boolean {
    return this.#isLost || this.#client.isBroken || this.#server.isBroken
  }

  #onClient(type: number, first: number): OnBody | undefined {
    if (type === FRONTEND.terminate) this.#isOver = true
    if (this.#isSkipping && type !== FRONTEND.sync) return undefined
    if (type === FRONTEND.parse && first === 0) {
      this.#push(PARSE_UNNAMED)
      return this.unnamed.parse()
    }
    if (type === FRONTEND.sync) {
      this.#isSkipping = false
      this.#push(this.#isInCopy() ? MAYBE_SYNC : type)
    } else if (ENDS_IN_READY.has(type) || EXTENDED.has(type)) this.#push(type)
    // Of a COPY that the server may not have begun yet, or of none; then it means nothing.
    else if (isOfCopy(type) && this.messagesInFlight > 0) this.#pushOfCopy(type)
    return undefined
  }

  #push(type: number): void {
    if (this.messagesInFlight >= MOST_WAITING) this.#isLost = true
    else if (!this.#isLost) this.#waiting.push(type)
  }

  #pushOfCopy(type: number): void {
    const isEnd = type !== FRONTEND.copyData
    // A stretch of data is one entry.
    if (isEnd || this.#waiting.at(-1) !== FRONTEND.copyData)
      this.#push(isEnd ? FRONTEND.copyDone : FRONTEND.copyData)
  }

  /** The client is in the middle of the data that the server reads: nothing but data, Sync and Flush came since. */
  #isInCopy(): boolean {
    return this.#isCopyingIn && this.#waiting.slice(this.#head + 1).every(isInsideCopy)
  }

  #onServer(type: number, first: number): void {
    if (type === BACKEND.readyForQuery) {
      this.#status = STATUS.get(first)
      this.#takeThroughReady()
      return
    }
    if (!ANSWERS.has(type)) return
    this.#dropUnanswered(type)
    const head = this.#waiting[this.#head]
    const completed = COMPLETES.get(type)
    if (type === BACKEND.errorResponse) this.#onError(head)
    else if (type === BACKEND.copyIn) this.#beginCopyIn()
    if (type === BACKEND.commandComplete && this.#isCopyingIn) this.#endCopyIn()
    if (head === PARSE_UNNAMED && type === BACKEND.parseComplete) this.#take('made')
    else if (completed !== undefined && head === completed) this.#take()
  }

  /** A Sync is answered by ReadyForQuery alone, so any other answer shows that the server has read the Syncs before its message. */
  #dropUnanswered(type: number): void {
    for (;;) {
      const head = this.#waiting[this.#head]
      // An error may come from what a Sync commits.
      if (head !== MAYBE_SYNC && (head !== FRONTEND.sync || type === BACKEND.errorResponse)) return
      this.#take()
    }
  }

  #onError(head: number | undefined): void {
    if (this.#isCopyingIn) this.#endCopyIn()
    if (head === undefined || !EXTENDED.has(head)) return
    this.#advance('refused')
    while (this.messagesInFlight > 0 && !isSync(this.#waiting[this.#head])) this.#advance()
    this.#isSkipping = this.messagesInFlight === 0
  }

  /** A Sync that the client sent ahead of all data is read as a part of the COPY. */
  #beginCopyIn(): void {
    this.#isCopyingIn = true
    const [head, ...ahead] = this.#waiting.slice(this.#head)
    const data = ahead.findIndex((type) => !isSync(type))
    const rest = data === -1 ? [] : ahead.slice(data)
    const end = rest.findIndex((type) => !isInsideCopy(type))
    this.#replace(
      head,
      rest.map((type, at) => (isSync(type) && (end === -1 || at < end) ? MAYBE_SYNC : type)),
    )
  }

  /**
   * The COPY is over. Where it ended as it should, it read all up to the end of its data; where it failed, the server may have left it before any
   * of the Syncs, and answers those. What has no place in COPY data was not read by it: that ends the session (`protocol synchronization was lost`).
   */
  #endCopyIn(): void {
    this.#isCopyingIn = false
    const [head, ...ahead] = this.#waiting.slice(this.#head)
    const end = ahead.findIndex((type) => !isInsideCopy(type))
    const inside = end === -1 ? ahead : ahead.slice(0, end)
    const rest = end === -1 ? [] : ahead.slice(ahead[end] === FRONTEND.copyDone ? end + 1 : end)
    this.#replace(head, [...inside.filter((type) => type === MAYBE_SYNC), ...rest])
  }

  #replace(head: number | undefined, rest: readonly number[]): void {
    this.#waiting = head === undefined ? [...rest] : [head, ...rest]
    this.#head = 0
  }

  #takeThroughReady(): void {
    for (;;) {
      const type = this.#waiting[this.#head]
      if (type === undefined) return
      this.#take()
      if (type === FRONTEND.query) this.unnamed.dropped()
      if (type === MAYBE_SYNC) return this.#doubtSyncs()
      if (ENDS_IN_READY.has(type)) return
    }
  }

  /** It is not known which of the Syncs in a row was answered. */
  #doubtSyncs(): void {
    for (let at = this.#head; isSync(this.#waiting[at]); at += 1) this.#waiting[at] = MAYBE_SYNC
  }

  /** The head is dealt with, and what is left of a COPY behind it was skipped. */
  #take(outcome: 'made' | 'skipped' = 'skipped'): void {
    this.#advance(outcome)
    while (isOfCopy(this.#waiting[this.#head])) this.#advance()
  }

  #advance(outcome: 'made' | 'refused' | 'skipped' = 'skipped'): void {
    if (this.#waiting[this.#head] === PARSE_UNNAMED) this.unnamed.answered(outcome)
    this.#head += 1
    if (this.#head < this.#waiting.length) {
      if (this.#head < 1024) return
      this.#waiting = this.#waiting.slice(this.#head)
    } else this.#waiting.length = 0
    this.#head = 0
  }
}

function isOfCopy(type: number | undefined): boolean {
  return type === FRONTEND.copyDone || type === FRONTEND.copyFail || type === FRONTEND.copyData
}

function isSync(type: number | undefined): boolean {
  return type === FRONTEND.sync || type === MAYBE_SYNC
}

function isInsideCopy(type: number): boolean {
  return type === FRONTEND.copyData || isSync(type)
}
