// What destroys something is done in two calls. The first does nothing: it says what would happen and gives a word for it. Only the same call with that
// word, by the same caller, soon, once, and while the thing is still what it was, is carried out.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const LIFE_MS = 10 * 60_000
const MOST = 1000

/** What a word stands for; all of it must be the same when it comes back. */
export interface Asked {
  readonly tool: string
  /** Who is signed in, and where. */
  readonly caller: string
  /** The call without its word. */
  readonly input: unknown
  /** What the thing is now, such as its uid and when it last changed. */
  readonly state: unknown
}

interface Open {
  readonly digest: Buffer
  readonly endsAt: number
}

export class Confirmations {
  readonly #open = new Map<string, Open>()
  readonly #now: () => number

  /** `now` gives milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** A word for `asked`. */
  ask(asked: Asked): string {
    this.#forget()
    const word = randomBytes(9).toString('base64url')
    this.#open.set(word, { digest: digestOf(asked), endsAt: this.#now() + LIFE_MS })
    return word
  }

  /** Whether `word` was given for just this; it is used up either way. */
  take(word: string, asked: Asked): boolean {
    const open = this.#open.get(word)
    this.#open.delete(word)
    return open !== undefined && open.endsAt > this.#now() && timingSafeEqual(open.digest, digestOf(asked))
  }

  #forget(): void {
    const now = this.#now()
    for (const [word, { endsAt }] of this.#open) {
      if (endsAt > now && this.#open.size < MOST) return
      this.#open.delete(word)
    }
  }
}

function digestOf(asked: Asked): Buffer {
  return createHash('sha256').update(canonical(asked)).digest()
}

/** JSON with the keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}
