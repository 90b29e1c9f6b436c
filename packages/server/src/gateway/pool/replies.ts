// What a backend answers, on its way to the pooled client: without the answers to what only the pool asked, and with those that the pool gives.
import type { ReplyQueue } from './reply-queue.ts'

const HEADER = 5
const PARAMETER_STATUS = 0x53
const ERROR = 0x45
/** These are read whole; longer ones pass as they come. */
const LONGEST_READ = 64 * 1024

export interface RepliesOptions {
  readonly queue: ReplyQueue
  readonly onParameter: (name: string, value: string) => void
  readonly onError: (fields: Buffer) => void
}

export class Replies {
  readonly #options: RepliesOptions
  #held: Buffer | undefined
  #toPass = 0
  #isPassing = true

  constructor(options: RepliesOptions) {
    this.#options = options
  }

  /** What the client gets for what came, in order. */
  take(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = undefined
    const out: Buffer[] = []
    let at = 0
    let from = 0
    const cut = () => {
      if (at > from) out.push(bytes.subarray(from, at))
      from = at
    }
    while (at < bytes.length) {
      if (this.#toPass > 0) {
        const passed = Math.min(this.#toPass, bytes.length - at)
        this.#toPass -= passed
        at += passed
        if (!this.#isPassing) from = at
      } else {
        this.#addDue(out, cut)
        if (this.#isShort(bytes, at)) {
          cut()
          // The memory of the chunk is used again.
          this.#held = Buffer.from(bytes.subarray(at))
          return out
        }
        this.#begin(bytes, at)
        if (!this.#isPassing) cut()
      }
    }
    cut()
    if (this.#toPass === 0) this.#addDue(out, cut)
    return out
  }

  #addDue(out: Buffer[], cut: () => void): void {
    for (const made of this.#options.queue.due()) {
      cut()
      out.push(made)
    }
  }

  #isShort(bytes: Buffer, at: number): boolean {
    const left = bytes.length - at
    if (left < HEADER) return true
    const type = bytes[at]
    if (type !== PARAMETER_STATUS && type !== ERROR) return false
    const length = bytes.readUInt32BE(at + 1) + 1
    return length <= LONGEST_READ && left < length
  }

  #begin(bytes: Buffer, at: number): void {
    const { queue, onParameter, onError } = this.#options
    const type = bytes[at] ?? 0
    const length = bytes.readUInt32BE(at + 1) + 1
    this.#toPass = Math.max(HEADER, length)
    this.#isPassing = queue.answered(type)
    if (length > LONGEST_READ) return
    if (type === ERROR) onError(bytes.subarray(at + HEADER, at + length))
    if (type !== PARAMETER_STATUS) return
    const [name = '', value = ''] = bytes.toString('utf8', at + HEADER, at + length - 1).split('\0')
    onParameter(name, value)
  }
}
