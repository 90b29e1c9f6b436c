// Which functions a statement calls by name, by Postgres' lexical rules alone (documentation, "Lexical Structure").

const NAME = String.raw`[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*`

const TOKEN = new RegExp(
  [
    String.raw`(?<blank>\s+|--[^\n]*)`,
    String.raw`(?<comment>/\*)`,
    String.raw`(?<unicode>[uU]&["'])`,
    String.raw`(?<escaped>[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$))`,
    String.raw`(?<text>'(?:[^']|'')*(?:'|$))`,
    String.raw`(?<quoted>"(?:[^"]|"")*(?:"|$))`,
    String.raw`(?<tag>\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$)`,
    `(?<word>${NAME})`,
    // A number takes what follows it, so that `1$a$` is no dollar quote.
    String.raw`(?<number>\d[A-Za-z0-9_$\u0080-\uffff]*)`,
    String.raw`(?<other>[\s\S])`,
  ].join('|'),
  'y',
)

export interface CalledNames {
  /** The first word, in lower case; empty where it is none, `(` where a parenthesis comes first. */
  readonly verb: string
  /** The word after it. */
  readonly second: string
  /** Names right before an opening parenthesis: functions, among others. As Postgres stores them. */
  readonly names: readonly string[]
  /** Whether it has names or texts with Unicode escapes (`U&"…"`), which are not read. */
  readonly hasUnicodeEscapes: boolean
}

/** Reads `statement`; `standard_conforming_strings` must be on where it is run, as it is unless somebody says otherwise. */
export function calledNames(statement: string): CalledNames {
  const words: string[] = []
  const names = new Set<string>()
  let hasUnicodeEscapes = false
  let last: string | undefined
  for (let at = 0; at < statement.length;) {
    TOKEN.lastIndex = at
    const { groups = {} } = TOKEN.exec(statement) ?? {}
    const from = at
    at = TOKEN.lastIndex
    if (groups['blank'] !== undefined) continue
    if (groups['comment'] !== undefined) {
      at = endOfComment(statement, from)
      continue
    }
    if (groups['tag'] !== undefined) at = endOfDollarQuote(statement, groups['tag'], at)
    if (groups['unicode'] !== undefined) hasUnicodeEscapes = true
    const name = nameOf(groups)
    if (groups['other'] === '(' && last !== undefined) names.add(last)
    if (words.length < 2) words.push(groups['word']?.toLowerCase() ?? (groups['other'] === '(' ? '(' : ''))
    last = name
  }
  return { verb: words[0] ?? '', second: words[1] ?? '', names: [...names], hasUnicodeEscapes }
}

function nameOf({ word, quoted }: Readonly<Record<string, string | undefined>>): string | undefined {
  // Postgres folds ASCII alone in a database of UTF-8.
  if (word !== undefined) return word.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase())
  return quoted?.slice(1, -1).replaceAll('""', '"')
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length;) {
    if (text.startsWith('/*', at)) depth += 1
    else if (text.startsWith('*/', at)) depth -= 1
    else {
      at += 1
      continue
    }
    at += 2
    if (depth === 0) return at
  }
  return text.length
}

function endOfDollarQuote(text: string, tag: string, from: number): number {
  const end = text.indexOf(tag, from)
  return end < 0 ? text.length : end + tag.length
}
