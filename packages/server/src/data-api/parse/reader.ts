// Reads a piece of a query from left to right.
import { DataApiError, PGRST } from '../errors.ts'

/** Deepest nesting of embeddings and of and/or. */
const DEEPEST = 20

export class Reader {
  readonly text: string
  readonly #what: string
  at = 0
  #depth = 0

  constructor(text: string, what: string) {
    this.text = text
    this.#what = what
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  sees(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Goes past `text` where it is next. */
  takes(text: string): boolean {
    if (!this.sees(text)) return false
    this.at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.error(`expecting "${text}"`)
  }

  /** What a sticky expression matches here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) return undefined
    this.at += found.length
    return found
  }

  /** Text in double quotes, in which a backslash takes the next character as it is; undefined where no quote is next. */
  quoted(): string | undefined {
    const whole = this.match(/"(?:[^"\\]|\\[\s\S])*"/y)
    return whole?.slice(1, -1).replaceAll(/\\([\s\S])/g, '$1')
  }

  /** A name: quoted, or letters, digits, `_`, `$`, blanks and single `-`. */
  name(): string {
    const name = this.quoted() ?? this.match(/(?:[\p{L}\p{N}_$ ]|-(?!>))+/uy)
    if (name === undefined || name.trim() === '') throw this.error('expecting field name')
    return name.trim()
  }

  nested<T>(work: () => T): T {
    if (++this.#depth > DEEPEST) throw this.error(`not more than ${DEEPEST} levels`)
    const result = work()
    this.#depth -= 1
    return result
  }

  end(): void {
    if (!this.isAtEnd) throw this.error('unexpected text')
  }

  error(reason: string): DataApiError {
    const next = this.isAtEnd ? 'end of input' : `"${this.text.slice(this.at, this.at + 1)}"`
    return new DataApiError(
      PGRST.parse,
      `"failed to parse ${this.#what} (${this.text.slice(0, 200)})" (line 1, column ${this.at + 1})`,
      { details: `unexpected ${next}; ${reason}` },
    )
  }
}
