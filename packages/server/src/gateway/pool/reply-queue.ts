// What a backend has still to answer, in order: which of its answers the client does not get, since it did not ask, and which the client gets
// though the backend was not asked.

export const REQUEST = {
  query: 0x51,
  call: 0x46,
  sync: 0x53,
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  execute: 0x45,
  close: 0x43,
}

export interface Expected {
  readonly type: number
  /** `pass`: the client asked; `swallow`: we did; `made`: the answer is `made`, and the backend knows nothing of it. */
  readonly action: 'pass' | 'swallow' | 'made'
  readonly made?: Buffer
  /** Takes back what was noted, since the backend skipped the message, or since the message itself failed. */
  readonly undo?: (hasFailed: boolean) => void
  /** What comes behind the next Sync may rest on what was noted. */
  readonly isDoubtful?: boolean
}

const EXTENDED: ReadonlySet<number> = new Set([
  REQUEST.parse,
  REQUEST.bind,
  REQUEST.describe,
  REQUEST.execute,
  REQUEST.close,
])

/** Which message an answer completes: ParseComplete, BindComplete and so on. */
const COMPLETES: ReadonlyMap<number, number> = new Map([
  [0x31, REQUEST.parse],
  [0x32, REQUEST.bind],
  [0x33, REQUEST.close],
  [0x54, REQUEST.describe],
  [0x6e, REQUEST.describe],
  [0x43, REQUEST.execute],
  [0x49, REQUEST.execute],
  [0x73, REQUEST.execute],
])
const READY = 0x5a
const ERROR = 0x45

export class ReplyQueue {
  #entries: Expected[] = []
  #head = 0
  #isSkipping = false
  #doubts = 0

  /** Something was noted that an error may yet take back. */
  get isInDoubt(): boolean {
    return this.#doubts > 0
  }

  /** The backend skips what comes until a Sync. */
  get isSkipping(): boolean {
    return this.#isSkipping
  }

  push(entry: Expected): void {
    if (entry.type === REQUEST.sync) this.#isSkipping = false
    if (entry.isDoubtful) this.#doubts += 1
    this.#entries.push(entry)
  }

  /** An answer came; whether the client gets it. */
  answered(type: number): boolean {
    if (type === READY) this.#ready()
    else if (type === ERROR) this.#failed()
    else return this.#completed(type)
    return true
  }

  /** The answers that are due and that no backend gives. */
  *due(): Generator<Buffer, void, undefined> {
    for (let head = this.#entries[this.#head]; head?.action === 'made'; head = this.#entries[this.#head]) {
      this.#advance()
      if (head.made) yield head.made
    }
  }

  /** Nothing is outstanding any more. */
  clear(): void {
    this.#entries.length = 0
    this.#head = 0
    this.#doubts = 0
    this.#isSkipping = false
  }

  #completed(type: number): boolean {
    const request = COMPLETES.get(type)
    if (request === undefined) return true
    // A Sync that a COPY took for a part of its data has no answer.
    while (this.#entries[this.#head]?.type === REQUEST.sync) this.#advance()
    const head = this.#entries[this.#head]
    if (head?.type !== request) return true
    this.#advance()
    return head.action === 'pass'
  }

  #failed(): void {
    const head = this.#entries[this.#head]
    if (!head || !EXTENDED.has(head.type)) return
    let end = this.#head
    while (end < this.#entries.length && this.#entries[end]?.type !== REQUEST.sync) end += 1
    // The last first: what came later was noted on top of what came before.
    for (let at = end - 1; at >= this.#head; at -= 1) this.#undo(at)
    this.#isSkipping = end === this.#entries.length
    this.#entries = this.#entries.slice(end)
    this.#head = 0
  }

  #undo(at: number): void {
    const entry = this.#entries[at]
    if (entry?.isDoubtful) this.#doubts -= 1
    entry?.undo?.(at === this.#head)
  }

  #ready(): void {
    for (let head = this.#entries[this.#head]; head; head = this.#entries[this.#head]) {
      this.#advance()
      if (!EXTENDED.has(head.type)) return
    }
  }

  #advance(): void {
    if (this.#entries[this.#head]?.isDoubtful) this.#doubts -= 1
    this.#head += 1
    if (this.#head < this.#entries.length) return
    this.#entries.length = 0
    this.#head = 0
  }
}
