// Finds the headers in a stream of Postgres messages (type, length, body) however it is cut into chunks. Bodies are skipped, not read, but for
// those that somebody asks for.

const HEADER_LENGTH = 5
/** A length counts itself. */
const SMALLEST_LENGTH = 4

/** Takes a whole body; undefined where it is longer than `LONGEST_BODY`. */
export type OnBody = (body: Buffer | undefined) => void

/**
 * Told of each message once its header, and the first byte of its body if it has one, is there; 0 stands for an empty body. What it
 * returns is given the body when all of it has come.
 */
export type OnHeader = (type: number, firstByte: number) => OnBody | undefined

/** A body that is longer is given to nobody. */
const LONGEST_BODY = 64 * 1024

export class HeaderScanner {
  readonly #onHeader: OnHeader
  /** The header so far, of a message that a chunk cut in it; with the first byte of the body. */
  readonly #partial = Buffer.alloc(HEADER_LENGTH + 1)
  #partialLength = 0
  /** Bytes of the current body that are still to come. */
  #toSkip = 0
  #onBody: OnBody | undefined
  #body: Buffer[] = []
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
        if (this.#onBody) this.#collect(chunk.subarray(at, at + skipped))
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
    const onBody = this.#onHeader(type, first)
    if (!onBody) return
    if (length - SMALLEST_LENGTH > LONGEST_BODY) onBody(undefined)
    else {
      this.#onBody = onBody
      this.#collect(taken > 0 ? Buffer.of(first) : Buffer.alloc(0))
    }
  }

  /** The memory of a chunk is used again. */
  #collect(part: Buffer): void {
    if (part.length > 0) this.#body.push(Buffer.from(part))
    if (this.#toSkip > 0) return
    const [onBody, body] = [this.#onBody, this.#body]
    this.#onBody = undefined
    this.#body = []
    onBody?.(body.length === 1 ? body[0] : Buffer.concat(body))
  }
}
