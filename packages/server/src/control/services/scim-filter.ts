// SCIM filters (RFC 7644 §3.4.2.2): `userName eq "a@b.c" and (active eq true or displayName sw "X")`, parsed into a test of a resource.
// Text is compared without regard to case, as the schema says of nearly every attribute.
import { LakeletError } from '../../base/errors.ts'

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>
export type ScimTest = (resource: Json) => boolean

/** Deeper nesting than this is an attack on the stack, not a question. */
const MAX_DEPTH = 50
const MAX_LENGTH = 10_000

const OPERATORS: Readonly<Record<string, (value: unknown, wanted: unknown) => boolean>> = {
  eq: (value, wanted) => fold(value) !== undefined && fold(value) === fold(wanted),
  ne: (value, wanted) => fold(value) === undefined || fold(value) !== fold(wanted),
  co: (value, wanted) => text(value).includes(text(wanted)),
  sw: (value, wanted) => text(value).startsWith(text(wanted)),
  ew: (value, wanted) => text(value).endsWith(text(wanted)),
  gt: (value, wanted) => text(value) > text(wanted),
  ge: (value, wanted) => text(value) >= text(wanted),
  lt: (value, wanted) => text(value) < text(wanted),
  le: (value, wanted) => text(value) <= text(wanted),
}

/** The test that `filter` describes; LakeletError `scim_invalid` for one that is not well formed. */
export function parseScimFilter(filter: string): ScimTest {
  if (filter.length > MAX_LENGTH) throw invalid('it is too long')
  const parser = new FilterParser(tokensOf(filter))
  const test = parser.or(0)
  parser.end()
  return test
}

/** Values at a dotted path; lists along the way are looked into. Names are compared without regard to case. */
export function valuesAt(resource: unknown, path: string): unknown[] {
  let found: unknown[] = [resource]
  for (const name of path.split('.')) {
    found = found
      .flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
      .map((value) => member(value, name))
      .filter((value) => value !== undefined)
  }
  return found.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
}

/** The own property of an object whose name is `name` but for case. */
function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const key = Object.keys(value).find((each) => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : (value as Record<string, unknown>)[key]
}

class FilterParser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  or(depth: number): ScimTest {
    const tests = [this.#and(depth)]
    while (this.#takeWord('or')) tests.push(this.#and(depth))
    return (resource) => tests.some((test) => test(resource))
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw invalid(`'${this.#peek()}' was not expected`)
  }

  #and(depth: number): ScimTest {
    const tests = [this.#term(depth)]
    while (this.#takeWord('and')) tests.push(this.#term(depth))
    return (resource) => tests.every((test) => test(resource))
  }

  #term(depth: number): ScimTest {
    if (depth > MAX_DEPTH) throw invalid('it is nested too deeply')
    if (this.#takeWord('not')) {
      const test = this.#term(depth + 1)
      return (resource) => !test(resource)
    }
    if (this.#peek() === '(') return this.#enclosed('(', ')', depth)
    return this.#comparison(depth)
  }

  #enclosed(open: string, close: string, depth: number): ScimTest {
    this.#expect(open)
    const test = this.or(depth + 1)
    this.#expect(close)
    return test
  }

  #comparison(depth: number): ScimTest {
    const path = this.#next('an attribute')
    if (!/^[A-Za-z$][\w$.:-]*$/.test(path)) throw invalid(`'${path}' is not an attribute`)
    if (this.#peek() === '[') return this.#elements(path, depth)
    const operator = this.#next('an operator').toLowerCase()
    if (operator === 'pr') return (resource) => valuesAt(resource, path).some((value) => value !== '')
    const compare = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
    if (!compare) throw invalid(`'${operator}' is not an operator`)
    const wanted = literal(this.#next('a value'))
    if (operator !== 'ne')
      return (resource) => valuesAt(resource, path).some((value) => compare(value, wanted))
    return (resource) => valuesAt(resource, path).every((value) => compare(value, wanted))
  }

  /** `emails[type eq "work"]`: some element passes. */
  #elements(path: string, depth: number): ScimTest {
    const test = this.#enclosed('[', ']', depth)
    return (resource) =>
      valuesAt(resource, path).some(
        (value) => typeof value === 'object' && value !== null && test(value as Json),
      )
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #next(what: string): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw invalid(`it ends where ${what} was expected`)
    return token
  }

  #expect(token: string): void {
    const found = this.#next(`'${token}'`)
    if (found !== token) throw invalid(`'${found}' stands where '${token}' was expected`)
  }

  #takeWord(word: string): boolean {
    if (this.#peek()?.toLowerCase() !== word) return false
    this.#at++
    return true
  }
}

/** Brackets, quoted strings and words. */
function tokensOf(filter: string): string[] {
  const tokens: string[] = []
  const pattern = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|([^\s()[\]"]+))/y
  while (pattern.lastIndex < filter.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(filter)
    if (!match) {
      if (filter.slice(at).trim() === '') break
      throw invalid('a quotation mark is missing')
    }
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '')
  }
  if (tokens.length === 0) throw invalid('it is empty')
  return tokens
}

/** A quoted string, a number, true, false or null; a bare word counts as a string, since some clients forget the quotes. */
function literal(token: string): unknown {
  if (/^[()[\]]$/.test(token)) throw invalid(`'${token}' stands where a value was expected`)
  try {
    return JSON.parse(token) as unknown
  } catch {
    if (token.startsWith('"')) throw invalid(`${token} is not a string`)
    return token
  }
}

/** A string, number or boolean as text. */
export function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** Scalars as comparable text, so that `active eq true` and `active eq "true"` mean the same. */
function fold(value: unknown): string | undefined {
  return scalarText(value)?.toLowerCase()
}

function text(value: unknown): string {
  return fold(value) ?? ''
}

function invalid(why: string): LakeletError {
  return new LakeletError('scim_invalid', { reason: `The filter cannot be understood: ${why}.` })
}
