// A `.env` file as `dotenv` and Node's own `--env-file` read it: which lines set a variable, and how a value is quoted. Single quotes and
// backticks keep a value as it is; in double quotes `\n` is a line break and nothing else has a meaning; any of them may span lines.
import { usageFailure } from '../command/failure.ts'

/** `NAME=value`. Throws a usage failure for a value that no way of quoting holds. */
export function dotenvLine(name: string, value: string): string {
  return `${name}=${quoted(name, value)}`
}

function quoted(name: string, value: string): string {
  if (/^[\w@%+=:,./-]+$/.test(value)) return value
  const quote = ["'", '"', '`'].find(
    (each) => !value.includes(each) && (each !== '"' || !/[\\$]/.test(value)) && !value.endsWith('\\'),
  )
  if (quote !== undefined) return `${quote}${value}${quote}`
  throw usageFailure(
    `A .env file has no way to quote the value of ${name}: it holds every kind of quotation mark, or ends in a backslash.`,
    'Print it in another form, with --format sh or json.',
  )
}

/** A place in the text that sets a variable. */
interface Setting {
  readonly name: string
  /** From the beginning of its line to behind the line's end. */
  readonly start: number
  readonly end: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** Every setting of the text, in order. */
function settingsIn(text: string): Setting[] {
  const found: Setting[] = []
  const line = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*/my
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    line.lastIndex = at
    const match = line.exec(text)
    if (!match) {
      at = lineEnd(text, at)
      continue
    }
    const valueStart = line.lastIndex
    const valueEnd = endOfValue(text, valueStart)
    const end = lineEnd(text, valueEnd)
    found.push({ name: match[1] ?? '', start: at, end, valueStart, valueEnd })
    at = end
  }
  return found
}

function endOfValue(text: string, start: number): number {
  const quote = text[start] ?? ''
  if (quote !== '' && `'"\``.includes(quote)) {
    const closed = new RegExp(`${quote}(?:\\\\${quote}|[^${quote}])*${quote}`, 'y')
    closed.lastIndex = start
    if (closed.test(text)) return closed.lastIndex
  }
  const plain = /[^#\r\n]*/y
  plain.lastIndex = start
  const [value = ''] = plain.exec(text) ?? []
  return start + value.trimEnd().length
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end + 1
}

const HEADER = "# Written by 'lakelet env pull'; other lines are yours"

/**
 * `text` with these variables: in place where they are set already, else behind those, else at the end. Lines that set one of `gone` are
 * left out; every other line stays as it is. Doing it again changes nothing.
 */
export function withVariables(
  text: string,
  variables: Readonly<Record<string, string>>,
  isGone: (name: string, value: string) => boolean = () => false,
): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const seen = new Set<string>()
  let result = ''
  let at = 0
  let behind: number | undefined
  for (const { name, start, end, valueStart, valueEnd } of settingsIn(text)) {
    const value = variables[name]
    if (value !== undefined && Object.hasOwn(variables, name)) {
      result += `${text.slice(at, valueStart)}${quoted(name, value)}${text.slice(valueEnd, end)}`
      seen.add(name)
      behind = result.length
    } else {
      result += text.slice(at, start)
      if (!isGone(name, text.slice(valueStart, valueEnd))) result += text.slice(start, end)
    }
    at = end
  }
  result += text.slice(at)
  const missing = Object.entries(variables).filter(([name]) => !seen.has(name))
  if (missing.length === 0) return result
  const lines = missing.map(([name, value]) => `${dotenvLine(name, value)}${newline}`).join('')
  const before = withLineEnd(result.slice(0, behind), newline)
  if (behind !== undefined) return `${before}${lines}${result.slice(behind)}`
  const gap = before === '' ? '' : newline
  return `${before}${gap}${HEADER}${newline}${lines}`
}

function withLineEnd(text: string, newline: string): string {
  return text === '' || text === '\uFEFF' || text.endsWith('\n') ? text : `${text}${newline}`
}
