// Finds the headers in a stream of Postgres messages (type, length, body) however it is cut into chunks. Bodies are skipped, not read.

const HEADER_LENGTH = 5
/** A length counts itself. */
const SMALLEST_LENGTH = 4

/** Told of each message once its header, and the first byte of its body if it has one, is there; 0 stands for an empty body. */
export type OnHeader = (type: number, firstByte: number) => void

export class HeaderScanner {
  readonly #onHeader: OnHeader
  /** The header so far, of a message that a chunk cut in it; with the first byte of the body. */
  readonly #partial = Buffer.alloc(HEADER_LENGTH + 1)
  #partialLength = 0
  /** Bytes of the current body that are still to come. */
  #toSkip = 0
  #isBroken = false

  constructor(onHeader: OnHeader) {
    this.#onHeader = onHeader
  }

  /** Part of a message has come, and part of it has not. */
  get isInside(): boolean {
    return this.#partialLength > 0 || this.#toSkip > 0
  }

  /** A length came that no message has; what follows cannot be understood. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  scan(chunk: Buffer): void {
    let at = 0
    const end = chunk.length
    while (at < end && !this.#isBroken) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, end - at)
        this.#toSkip -= skipped
        at += skipped
      } else if (this.#partialLength > 0 || end - at <= HEADER_LENGTH) {
        this.#partial[this.#partialLength] = chunk[at] ?? 0
        this.#partialLength += 1
        at += 1
        this.#finishPartial()
      } else {
        const length = chunk.readUInt32BE(at + 1)
        const type = chunk[at] ?? 0
        const first = length > SMALLEST_LENGTH ? (chunk[at + HEADER_LENGTH] ?? 0) : 0
        at += HEADER_LENGTH
        this.#begin(type, length, first, 0)
      }
    }
  }

  #finishPartial(): void {
    if (this.#partialLength < HEADER_LENGTH) return
    const length = this.#partial.readUInt32BE(1)
    const isEmpty = length <= SMALLEST_LENGTH
    if (!isEmpty && this.#partialLength === HEADER_LENGTH) return
    const first = isEmpty ? 0 : (this.#partial[HEADER_LENGTH] ?? 0)
    this.#partialLength = 0
    this.#begin(this.#partial[0] ?? 0, length, first, isEmpty ? 0 : 1)
  }

  #begin(type: number, length: number, first: number, taken: number): void {
    if (length < SMALLEST_LENGTH) {
      this.#isBroken = true
      return
    }
    this.#toSkip = length - SMALLEST_LENGTH - taken
    this.#onHeader(type, first)
  }
}
