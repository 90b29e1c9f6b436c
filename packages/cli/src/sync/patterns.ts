// Lists of patterns given on the command line or in a file: the last one that matches a name decides.
import ignore, { type Ignore } from 'ignore'

interface Pattern {
  readonly matcher: Ignore
  readonly isNegative: boolean
}

export class PatternList {
  readonly #patterns: readonly Pattern[]

  /** Patterns are written as in .gitignore; lines that are empty or begin with `#` count for nothing. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns
      .map((each) => each.trim())
      .filter((each) => each !== '' && !each.startsWith('#'))
      .map((each) => {
        const isNegative = each.startsWith('!')
        return { matcher: ignore().add(isNegative ? each.slice(1) : each), isNegative }
      })
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0
  }

  /**
   * Whether the last pattern that matches `name` is a positive one. Unlike in .gitignore a `!` pattern takes a file out of a folder
   * that an earlier one took in: each pattern is matched by itself, as the official tool does.
   */
  matches(name: string): boolean {
    const last = this.#patterns.findLast(({ matcher }) => matcher.ignores(name))
    return last !== undefined && !last.isNegative
  }
}
