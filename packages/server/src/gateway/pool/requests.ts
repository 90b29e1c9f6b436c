// oxlint-disable max-lines -- every message that a client may send, with what they share
// What a pooled client says, on its way to the backend that it has: names of prepared statements become those of the pool, and a statement that
// this backend does not know is prepared in it first. All else passes byte for byte, and what is long is not kept.
import { encodeClose, encodeParse, encodeQuery } from '@lakelet/wire'
import type { PooledBackend } from './pooled-backend.ts'
import { type Expected, type ReplyQueue, REQUEST } from './reply-queue.ts'
import type { Statement, StatementRegistry } from './statements.ts'
import {
  CLOSE_COMPLETE,
  deallocatedBy,
  HEADER,
  messageOf,
  neededOf,
  NONE,
  PARSE_COMPLETE,
  parseOf,
  type Replacement,
  STATEMENT,
  TERMINATE,
} from './request-messages.ts'
import { LONGEST_JUDGED, type TextFacts, textFacts } from './text-facts.ts'

export interface RequestsOptions {
  readonly replies: ReplyQueue
  readonly registry: StatementRegistry
  readonly maxPreparedStatements: number
  /** Something runs that may leave this behind. */
  readonly onFacts: (facts: TextFacts) => void
  /** Whether the transaction that is open has failed. */
  readonly hasFailed: () => boolean
}

export class Requests {
  /** The client's names; the empty one is that of the unnamed statement. */
  readonly statements = new Map<string, Statement>()
  /** A message of the client's own broke the rules of names; what it left under them goes with the backend. */
  isSoiled = false
  /** The client takes its leave. */
  isOver = false
  readonly #options: RequestsOptions
  #backend: PooledBackend | undefined
  /** The backend's unnamed statement is the client's. */
  #hasUnnamed = false
  /** The client's names that the backend has been made to refuse a second time. */
  readonly #taken = new Set<string>()
  #partial: Buffer = NONE
  #toPass = 0
  /** A Sync came behind what is in doubt. */
  #isBarred = false
  #out: Buffer[] = []

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  /** A part of a message is waiting for its rest, or one is passing. */
  get isInside(): boolean {
    return this.#partial.length > 0 || this.#toPass > 0
  }

  /** What came is kept until the backend has said whether it took what the rest may rest on. */
  get isWaiting(): boolean {
    return this.#isBarred && this.#options.replies.isInDoubt && this.#partial.length > 0
  }

  /** From now on this backend is spoken to. */
  attach(backend: PooledBackend, keepsUnnamed: boolean): void {
    this.#backend = backend
    this.#taken.clear()
    if (!keepsUnnamed) this.#hasUnnamed = false
    this.isSoiled = false
  }

  /** A query of ours has run in the backend. */
  lostUnnamed(): void {
    this.#hasUnnamed = false
  }

  /** A plan was stale: whoever prepares one of the client's statements from now on has it made anew. */
  forgetPlans(): void {
    for (const statement of this.statements.values()) {
      if (!this.#backend?.statements.has(statement.name)) continue
      this.#options.registry.forget(statement)
    }
  }

  /** What is to be written for what came. Nothing is taken behind the client's farewell. */
  take(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#partial.length > 0 ? Buffer.concat([this.#partial, chunk]) : chunk
    this.#partial = NONE
    this.#out = []
    let at = 0
    let from = 0
    while (at < bytes.length && !this.isOver) {
      if (this.#toPass > 0) {
        const passed = Math.min(this.#toPass, bytes.length - at)
        this.#toPass -= passed
        at += passed
        continue
      }
      const needed = neededOf(bytes, at)
      if (bytes.length - at < needed || this.#mustWait()) {
        // The memory of a chunk may be used again.
        this.#partial = Buffer.from(bytes.subarray(at))
        break
      }
      const before = this.#out.length
      const length = bytes.readUInt32BE(at + 1) + 1
      const message = bytes.subarray(at, at + Math.min(length, bytes.length - at))
      const own = this.#message(bytes[at] ?? 0, message, length)
      if (own !== undefined || this.#out.length > before) {
        const injected = this.#out.splice(before)
        if (at > from) this.#out.push(bytes.subarray(from, at))
        this.#out.push(...injected)
        from = at
      }
      const taken = own === undefined ? 0 : own.replaced
      if (own) this.#out.push(own.bytes)
      from += taken
      this.#toPass = length - Math.min(length, taken)
      at += taken
    }
    const end = this.#partial.length > 0 ? bytes.length - this.#partial.length : at
    if (end > from) this.#out.push(bytes.subarray(from, end))
    return this.#out
  }

  #mustWait(): boolean {
    this.#isBarred &&= this.#options.replies.isInDoubt
    return this.#isBarred
  }

  /** Injects into `#out`; the result stands for the first bytes of the message, undefined lets it pass. */
  #message(type: number, message: Buffer, length: number): Replacement | undefined {
    if (type === TERMINATE) {
      this.isOver = true
      return { bytes: NONE, replaced: message.length }
    }
    const { replies, onFacts } = this.#options
    if (replies.isSkipping && type !== REQUEST.sync) return undefined
    switch (type) {
      case REQUEST.query:
        return this.#query(message, length)
      case REQUEST.parse:
        return this.#parse(message, length)
      case REQUEST.bind:
        return this.#bind(message)
      case REQUEST.describe:
        return this.#describe(message)
      case REQUEST.close:
        return this.#closed(message)
      case REQUEST.call:
        onFacts(textFacts('', false))
        this.#expect(type)
        return undefined
      case REQUEST.sync:
        this.#isBarred = replies.isInDoubt
        this.#expect(type)
        return undefined
      case REQUEST.execute:
        this.#expect(type)
        return undefined
      default:
        return undefined
    }
  }

  #query(message: Buffer, length: number): Replacement | undefined {
    const isWhole = length <= LONGEST_JUDGED
    const text = message.toString(
      'latin1',
      HEADER,
      Math.min(message.length - (isWhole ? 1 : 0), LONGEST_JUDGED),
    )
    const facts = textFacts(text, isWhole)
    if (facts !== undefined) this.#options.onFacts(facts)
    const dropped = facts.drops ? this.#deallocated(text) : undefined
    this.#hasUnnamed = false
    this.statements.delete('')
    if (dropped) this.#prepare(dropped)
    this.#expect(REQUEST.query)
    if (!dropped) return undefined
    this.#backend?.statements.delete(dropped.name)
    return { bytes: encodeQuery(`DEALLOCATE ${dropped.name}`), replaced: message.length }
  }

  /** The statement that the client drops by SQL: it calls it by a name that the backend does not know. */
  #deallocated(text: string): Statement | undefined {
    const name = deallocatedBy(text)
    const statement = name === undefined ? undefined : this.statements.get(name)
    if (name !== undefined && statement) this.statements.delete(name)
    return statement
  }

  #parse(message: Buffer, length: number): Replacement | undefined {
    const end = message.indexOf(0, HEADER)
    if (end === -1 || message.length < length) return this.#passUnknown(REQUEST.parse)
    const name = message.toString('latin1', HEADER, end)
    const statement = this.#options.registry.of(message.subarray(end + 1))
    if (name !== '') return this.#parseNamed(name, statement, message.length)
    const before = this.statements.get('')
    this.statements.set('', statement)
    this.#hasUnnamed = true
    this.#expect(REQUEST.parse, {
      undo: (hasFailed) => {
        if (hasFailed || !before) this.statements.delete('')
        else this.statements.set('', before)
      },
      isDoubtful: false,
    })
    return undefined
  }

  #parseNamed(name: string, statement: Statement, length: number): Replacement | undefined {
    if (this.statements.has(name)) return this.#parseTwice(name)
    this.statements.set(name, statement)
    const undo = () => this.statements.delete(name)
    const known = this.#backend?.statements
    if (known?.has(statement.name) && !this.#options.hasFailed()) {
      this.#touch(statement)
      this.#expect(REQUEST.parse, { action: 'made', made: PARSE_COMPLETE, undo })
      return { bytes: NONE, replaced: length }
    }
    if (known?.has(statement.name)) {
      // The server has to say what it thinks of it now.
      this.#out.push(encodeClose('statement', statement.name))
      this.#expect(REQUEST.close, { action: 'swallow' })
    }
    this.#add(statement)
    this.#expect(REQUEST.parse, {
      undo: () => {
        undo()
        known?.delete(statement.name)
      },
    })
    return { bytes: parseOf(statement.name, statement), replaced: length }
  }

  /** The name is taken: what the server says about that depends on the rest. */
  #parseTwice(name: string): undefined {
    this.isSoiled = true
    if (!this.#taken.has(name)) {
      this.#taken.add(name)
      this.#out.push(encodeParse(name, ''))
      this.#expect(REQUEST.parse, { action: 'swallow', undo: () => this.#taken.delete(name) })
    }
    this.#expect(REQUEST.parse)
    return undefined
  }

  #bind(message: Buffer): Replacement | undefined {
    const portalEnd = message.indexOf(0, HEADER)
    const end = portalEnd === -1 ? -1 : message.indexOf(0, portalEnd + 1)
    const statement = end === -1 ? undefined : this.#named(message.toString('latin1', portalEnd + 1, end))
    this.#expect(REQUEST.bind)
    if (!statement) return undefined
    const name = Buffer.from(`${statement.name}\0`, 'latin1')
    const bytes = Buffer.allocUnsafe(portalEnd + 1 + name.length)
    message.copy(bytes, 0, 0, portalEnd + 1)
    bytes.set(name, portalEnd + 1)
    bytes.writeUInt32BE(message.readUInt32BE(1) + name.length - (end - portalEnd), 1)
    return { bytes, replaced: end + 1 }
  }

  #describe(message: Buffer): Replacement | undefined {
    const statement =
      message[HEADER] === STATEMENT
        ? this.#named(message.toString('latin1', HEADER + 1, message.length - 1))
        : undefined
    this.#expect(REQUEST.describe)
    if (!statement) return undefined
    return { bytes: messageOf('D', `S${statement.name}\0`), replaced: message.length }
  }

  #closed(message: Buffer): Replacement | undefined {
    const name = message.toString('latin1', HEADER + 1, message.length - 1)
    const statement = message[HEADER] === STATEMENT ? this.statements.get(name) : undefined
    if (statement) this.statements.delete(name)
    const undo = () => statement && this.statements.set(name, statement)
    if (!statement || name === '') {
      this.#expect(REQUEST.close, { undo })
      return undefined
    }
    this.#expect(REQUEST.close, { action: 'made', made: CLOSE_COMPLETE, undo })
    return { bytes: NONE, replaced: message.length }
  }

  /** The statement of this name of the client, which the backend knows from now on; undefined where the name can stay as it is. */
  #named(name: string): Statement | undefined {
    const statement = this.statements.get(name)
    if (!statement) return undefined
    this.#options.onFacts(statement.facts)
    if (name !== '') this.#prepare(statement)
    else if (!this.#hasUnnamed) {
      this.#out.push(parseOf('', statement))
      this.#expect(REQUEST.parse, {
        action: 'swallow',
        undo: () => (this.#hasUnnamed = false),
        isDoubtful: false,
      })
      this.#hasUnnamed = true
    }
    return name === '' ? undefined : statement
  }

  #prepare(statement: Statement): void {
    const known = this.#backend?.statements
    if (known?.has(statement.name)) return this.#touch(statement)
    this.#add(statement)
    this.#out.push(parseOf(statement.name, statement))
    this.#expect(REQUEST.parse, { action: 'swallow', undo: () => known?.delete(statement.name) })
  }

  /** Notes that the backend has it, and makes room where it has too many. */
  #add(statement: Statement): void {
    const known = this.#backend?.statements
    if (!known) return
    const [oldest] = known
    if (oldest !== undefined && known.size >= this.#options.maxPreparedStatements) {
      known.delete(oldest)
      this.#out.push(encodeClose('statement', oldest))
      this.#expect(REQUEST.close, { action: 'swallow', undo: () => known.add(oldest) })
    }
    known.add(statement.name)
  }

  #touch({ name }: Statement): void {
    const known = this.#backend?.statements
    if (known?.delete(name)) known.add(name)
  }

  /** Too long to be understood. */
  #passUnknown(type: number): undefined {
    this.isSoiled = true
    this.#options.onFacts(textFacts('', false))
    this.#expect(type)
    return undefined
  }

  #expect(type: number, entry: Partial<Omit<Expected, 'type'>> = {}): void {
    const isDoubtful = entry.undo !== undefined && entry.isDoubtful !== false
    this.#options.replies.push({ type, action: 'pass', ...entry, isDoubtful })
  }
}
