import { ProtocolError } from './protocol-error.ts'

/** `text` with a terminating zero byte. Text with a zero byte inside cannot be sent. */
export function cstring(text: string | Uint8Array): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  if (bytes.includes(0)) throw new ProtocolError('a string of the protocol cannot contain a zero byte')
  const result = Buffer.allocUnsafe(bytes.length + 1)
  result.set(bytes)
  result[bytes.length] = 0
  return result
}

export function int16(value: number): Buffer {
  const result = Buffer.allocUnsafe(2)
  result.writeUInt16BE(value & 0xffff)
  return result
}

export function int32(value: number): Buffer {
  const result = Buffer.allocUnsafe(4)
  result.writeInt32BE(value | 0)
  return result
}

/** A message: its type byte, the length (which counts itself), the body. */
export function frame(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const result = Buffer.allocUnsafe(5 + length)
  result[0] = type.charCodeAt(0)
  result.writeInt32BE(4 + length, 1)
  let at = 5
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

/** A packet of the startup phase: no type byte. */
export function untypedFrame(...parts: readonly Uint8Array[]): Buffer {
  return frame('\0', ...parts).subarray(1)
}

/** Reads a body from front to end; running past the end is a protocol violation. */
export class BodyReader {
  #at = 0
  readonly #body: Buffer

  constructor(body: Buffer) {
    this.#body = body
  }

  get left(): number {
    return this.#body.length - this.#at
  }

  uint8(): number {
    return this.bytes(1).readUInt8()
  }

  int16(): number {
    return this.bytes(2).readInt16BE()
  }

  uint16(): number {
    return this.bytes(2).readUInt16BE()
  }

  int32(): number {
    return this.bytes(4).readInt32BE()
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE()
  }

  /** A view, not a copy. */
  bytes(count: number): Buffer {
    if (count < 0 || count > this.left) throw new ProtocolError('insufficient data left in message')
    const result = this.#body.subarray(this.#at, this.#at + count)
    this.#at += count
    return result
  }

  /** Bytes behind an Int32 length, or null for length -1. */
  sized(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.bytes(length)
  }

  rest(): Buffer {
    return this.bytes(this.left)
  }

  cstringBytes(): Buffer {
    const end = this.#body.indexOf(0, this.#at)
    if (end < 0) throw new ProtocolError('invalid string in message')
    const result = this.#body.subarray(this.#at, end)
    this.#at = end + 1
    return result
  }

  cstring(): string {
    return this.cstringBytes().toString('utf8')
  }

  end(): void {
    if (this.left > 0) throw new ProtocolError('invalid message format')
  }
}
