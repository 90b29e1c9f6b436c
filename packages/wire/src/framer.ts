// Cuts a stream of bytes into messages, whatever the chunks it arrives in. A message inside one chunk is a view of that
// chunk; only a message that spans chunks is put together, once.
import { ProtocolError } from './protocol-error.ts'

/** A message as it is on the wire: its type byte and a view of its body. */
export interface RawMessage {
  /** The type byte; compare with `'Q'.charCodeAt(0)` and the like. */
  readonly type: number
  /** Without type and length. Valid as long as the chunk it came in is not reused. */
  readonly body: Buffer
}

/** PQ_LARGE_MESSAGE_LIMIT of libpq/libpq.h: no message of the protocol may be longer. */
const LARGEST_MESSAGE = 0x3fffffff

export class MessageFramer {
  #chunks: Buffer[] = []
  #head = 0
  #length = 0
  readonly #limit: number

  /** `maxLength`: the longest message taken, in bytes without the type byte; longer ones are a ProtocolError. */
  constructor(options: { readonly maxLength?: number } = {}) {
    this.#limit = options.maxLength ?? LARGEST_MESSAGE
  }

  /** Bytes that were pushed and not yet handed out. */
  get buffered(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(
      Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
    )
    this.#length += chunk.length
  }

  /** The next whole message, or undefined until more bytes come; `maxLength` as in the constructor. */
  next(maxLength = this.#limit): RawMessage | undefined {
    if (this.#length < 5) return undefined
    const header = this.#peek(5)
    const length = checkedLength(header.readUInt32BE(1), maxLength)
    if (this.#length < length + 1) return undefined
    const message = this.#take(length + 1)
    return { type: message.readUInt8(0), body: message.subarray(5) }
  }

  /** The next whole packet without a type byte (startup phase), without its length; undefined until more bytes come. */
  nextUntyped(maxLength = this.#limit): Buffer | undefined {
    if (this.#length < 4) return undefined
    const length = checkedLength(this.#peek(4).readUInt32BE(0), maxLength)
    if (this.#length < length) return undefined
    return this.#take(length).subarray(4)
  }

  /** One byte, such as the answer to an SSLRequest, or undefined until it comes. */
  nextByte(): number | undefined {
    return this.#length === 0 ? undefined : this.#take(1).readUInt8(0)
  }

  /** The first byte without taking it. */
  peekByte(): number | undefined {
    return this.#length === 0 ? undefined : this.#peek(1).readUInt8(0)
  }

  /** Everything not yet handed out; the framer is empty afterwards. For handing a stream over. */
  takeRest(): Buffer {
    return this.#take(this.#length)
  }

  /** All messages that are whole by now. */
  *messages(): Generator<RawMessage, void, undefined> {
    for (let message = this.next(); message; message = this.next()) yield message
  }

  #peek(count: number): Buffer {
    const first = this.#chunks[0]
    if (first && first.length - this.#head >= count) return first.subarray(this.#head, this.#head + count)
    const joined = Buffer.allocUnsafe(count)
    this.#copyInto(joined)
    return joined
  }

  #take(count: number): Buffer {
    const taken = this.#peek(count)
    this.#length -= count
    this.#head += count
    let dropped = 0
    for (const chunk of this.#chunks) {
      if (this.#head < chunk.length) break
      this.#head -= chunk.length
      dropped++
    }
    if (dropped > 0) this.#chunks.splice(0, dropped)
    return taken
  }

  #copyInto(target: Buffer): void {
    let at = 0
    let from = this.#head
    for (const chunk of this.#chunks) {
      at += chunk.copy(target, at, from)
      from = 0
      if (at === target.length) return
    }
  }
}

function checkedLength(length: number, limit: number): number {
  if (length < 4) throw new ProtocolError('invalid message length')
  if (length > limit)
    throw new ProtocolError('invalid message length', { detail: `The limit here is ${limit} bytes.` })
  return length
}
