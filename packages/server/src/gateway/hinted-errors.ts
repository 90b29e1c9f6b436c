// Gives the errors of one SQLSTATE that a server sends a HINT, where they have none. All else passes as it came.

const HEADER_LENGTH = 5
const ERROR_RESPONSE = 'E'.charCodeAt(0)
/** An error that is longer passes as it came: nothing is held for it. */
const LONGEST_ERROR = 64 * 1024

export class HintedErrors {
  readonly #code: Buffer
  readonly #hint: Buffer
  /** The beginning of a header or of an error whose rest has not come. */
  #held: Buffer = Buffer.alloc(0)
  /** Bytes of the current message that are still to come. */
  #toPass = 0
  #isBroken = false

  constructor(sqlState: string, hint: string) {
    this.#code = Buffer.from(`C${sqlState}\0`)
    this.#hint = Buffer.from(`H${hint}\0`)
  }

  /** What is to be sent for what came; the same bytes where there is nothing to change. */
  pass(chunk: Buffer): Buffer {
    if (this.#isBroken) return chunk
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = Buffer.alloc(0)
    const parts: Buffer[] = []
    let from = 0
    let at = 0
    while (at < bytes.length) {
      const step = this.#step(bytes, at)
      if (step.hinted) parts.push(bytes.subarray(from, at), step.hinted)
      if (step.hinted) from = step.next
      if (step.isCut) {
        // The chunk's memory is used again.
        this.#held = Buffer.from(bytes.subarray(at))
        parts.push(bytes.subarray(from, at))
        return Buffer.concat(parts)
      }
      at = step.next
    }
    return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)])
  }

  /** Looks at what begins, or goes on, at `at`. */
  #step(
    bytes: Buffer,
    at: number,
  ): { readonly next: number; readonly hinted?: Buffer; readonly isCut?: boolean } {
    const left = bytes.length - at
    if (this.#toPass > 0) {
      const passed = Math.min(this.#toPass, left)
      this.#toPass -= passed
      return { next: at + passed }
    }
    if (left < HEADER_LENGTH) return { next: at, isCut: true }
    const length = bytes.readUInt32BE(at + 1) + 1
    if (length < HEADER_LENGTH) {
      this.#isBroken = true
      return { next: bytes.length }
    }
    if (bytes[at] !== ERROR_RESPONSE || length > LONGEST_ERROR) {
      this.#toPass = length
      return { next: at }
    }
    if (left < length) return { next: at, isCut: true }
    const hinted = this.#withHint(bytes.subarray(at, at + length))
    return { next: at + length, ...(hinted ? { hinted } : {}) }
  }

  #withHint(error: Buffer): Buffer | undefined {
    const fields = fieldsOf(error.subarray(HEADER_LENGTH))
    if (
      !fields.some((field) => field.equals(this.#code)) ||
      fields.some((field) => field[0] === this.#hint[0])
    )
      return undefined
    const body = Buffer.concat([...fields, this.#hint, Buffer.of(0)])
    const header = Buffer.alloc(HEADER_LENGTH)
    header[0] = ERROR_RESPONSE
    header.writeUInt32BE(body.length + HEADER_LENGTH - 1, 1)
    return Buffer.concat([header, body])
  }
}

/** Letter, text and the zero byte of each. */
function fieldsOf(body: Buffer): Buffer[] {
  const fields: Buffer[] = []
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at)
    if (end === -1) break
    fields.push(body.subarray(at, end + 1))
    at = end + 1
  }
  return fields
}
