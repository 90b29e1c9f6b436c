// Splits a script into statements by Postgres' own lexical rules (documentation, "Lexical Structure"), as psql does.

/** A statement of a script; `start` and `end` are offsets in the script, without the blanks and comments around it. */
export interface Statement {
  readonly text: string
  readonly start: number
  readonly end: number
}

const SPACE = /\s/
const IDENTIFIER_START = /[A-Za-z_\u0080-\uffff]/
const IDENTIFIER = /[A-Za-z0-9_$\u0080-\uffff]/
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y

/** The statements of `script`, in order; empty ones are left out. */
export function splitStatements(script: string): Statement[] {
  const found: Statement[] = []
  let at = 0
  while (at < script.length) {
    const { start, end, after } = new Scanner(script, at).next()
    if (start < end) found.push({ text: script.slice(start, end), start, end })
    at = after
  }
  return found
}

/**
 * What a script that may go on is in the midst of, as psql's prompt shows it: `=` nothing, `-` a statement, `'` a text, `"` a quoted
 * name, `$` a dollar-quoted text, `*` a comment, `(` parentheses.
 */
export type Inside = '=' | '-' | "'" | '"' | '$' | '*' | '('

/** The statements of `script` that a semicolon ends, what follows the last of them, and what that is in the midst of. */
export function finishedStatements(script: string): {
  readonly statements: readonly Statement[]
  readonly rest: string
  readonly inside: Inside
} {
  const statements: Statement[] = []
  let rest = 0
  let inside: Inside = '='
  for (let at = 0; at < script.length;) {
    const scanner = new Scanner(script, at)
    const { start, end, after } = scanner.next()
    inside = scanner.inside
    at = after
    if (inside !== '=' || script[after - 1] !== ';') break
    if (start < end) statements.push({ text: script.slice(start, end), start, end })
    rest = after
  }
  return { statements, rest: script.slice(rest), inside }
}

class Scanner {
  readonly #script: string
  #at: number
  #start = -1
  #end = -1
  #parentheses = 0
  /** Words so far, as far as they tell a function with a body of statements. */
  readonly #words: string[] = []
  /** Open `BEGIN` and `CASE` inside such a body. */
  #blocks = 0
  /** The quote or comment that the script ends in. */
  #open: Inside | undefined
  #isFinished = false

  constructor(script: string, at: number) {
    this.#script = script
    this.#at = at
  }

  /** What the script ends in the midst of, after `next`. */
  get inside(): Inside {
    if (this.#open) return this.#open
    if (this.#isFinished || this.#start < 0) return '='
    return this.#parentheses > 0 ? '(' : '-'
  }

  /** Where the next statement lies, and where to go on. */
  next(): { readonly start: number; readonly end: number; readonly after: number } {
    while (this.#at < this.#script.length) {
      const from = this.#at
      const skipped = this.#blank() || this.#comment()
      if (skipped) continue
      if (this.#script[this.#at] === ';' && this.#parentheses === 0 && this.#blocks === 0) {
        this.#at += 1
        this.#isFinished = true
        break
      }
      this.#token()
      if (this.#start < 0) this.#start = from
      this.#end = this.#at
    }
    return { start: Math.max(this.#start, 0), end: Math.max(this.#end, 0), after: this.#at }
  }

  #blank(): boolean {
    const from = this.#at
    while (SPACE.test(this.#script[this.#at] ?? '')) this.#at += 1
    return this.#at > from
  }

  #comment(): boolean {
    if (this.#script.startsWith('--', this.#at)) {
      const end = this.#script.indexOf('\n', this.#at)
      this.#at = end < 0 ? this.#script.length : end + 1
      return true
    }
    if (!this.#script.startsWith('/*', this.#at)) return false
    let depth = 0
    do {
      if (this.#script.startsWith('/*', this.#at)) {
        depth += 1
        this.#at += 2
      } else if (this.#script.startsWith('*/', this.#at)) {
        depth -= 1
        this.#at += 2
      } else {
        this.#at += 1
      }
    } while (depth > 0 && this.#at < this.#script.length)
    if (depth > 0) this.#open = '*'
    return true
  }

  #token(): void {
    const character = this.#script[this.#at] ?? ''
    if (character === "'") this.#quoted("'", false)
    else if (character === '"') this.#quoted('"', false)
    else if (character === '$') this.#dollar()
    else if (IDENTIFIER_START.test(character)) this.#word()
    else {
      if (character === '(') this.#parentheses += 1
      if (character === ')') this.#parentheses = Math.max(0, this.#parentheses - 1)
      // A number takes what follows it, so that `1$a$` is no dollar quote.
      this.#at += 1
      if (/\d/.test(character)) while (IDENTIFIER.test(this.#script[this.#at] ?? '')) this.#at += 1
    }
  }

  #quoted(quote: '"' | "'", hasEscapes: boolean): void {
    this.#at += 1
    while (this.#at < this.#script.length) {
      const character = this.#script[this.#at]
      this.#at += 1
      if (hasEscapes && character === '\\') this.#at += 1
      else if (character === quote) {
        if (this.#script[this.#at] !== quote) return
        this.#at += 1
      }
    }
    this.#at = Math.min(this.#at, this.#script.length)
    this.#open = quote
  }

  #dollar(): void {
    DOLLAR_TAG.lastIndex = this.#at
    const [tag] = DOLLAR_TAG.exec(this.#script) ?? []
    if (tag === undefined) {
      this.#at += 1
      return
    }
    const end = this.#script.indexOf(tag, this.#at + tag.length)
    this.#at = end < 0 ? this.#script.length : end + tag.length
    if (end < 0) this.#open = '$'
  }

  #word(): void {
    const from = this.#at
    while (IDENTIFIER.test(this.#script[this.#at] ?? '')) this.#at += 1
    const word = this.#script.slice(from, this.#at).toLowerCase()
    if (word === 'e' && this.#script[this.#at] === "'") this.#quoted("'", true)
    else this.#note(word)
  }

  /** `CREATE [OR REPLACE] FUNCTION … BEGIN ATOMIC … END` has semicolons inside. */
  #note(word: string): void {
    if (this.#words.length < 4) this.#words.push(word)
    if (!this.#makesRoutine()) return
    if (word === 'begin' || (word === 'case' && this.#blocks > 0)) this.#blocks += 1
    else if (word === 'end' && this.#blocks > 0) this.#blocks -= 1
  }

  #makesRoutine(): boolean {
    const [first, second, third, fourth] = this.#words
    if (first !== 'create') return false
    const kind = second === 'or' && third === 'replace' ? fourth : second
    return kind === 'function' || kind === 'procedure'
  }
}
