// Patterns of names as psql's commands take them: `sal*`, `app.notes`, `"Mixed Case"`.
import { literal } from '../postgres/quote.ts'

/** What a pattern means in SQL: conditions on the columns of schema and name; without a pattern what the search path finds. */
export function matching(
  pattern: string | undefined,
  columns: { readonly schema?: string; readonly name: string; readonly isVisible?: string },
): string {
  if (pattern === undefined)
    return [
      ...(columns.schema === undefined
        ? []
        : [`${columns.schema} !~ '^pg_' AND ${columns.schema} <> 'information_schema'`]),
      ...(columns.isVisible === undefined ? [] : [columns.isVisible]),
      'true',
    ].join(' AND ')
  const parts = partsOf(pattern)
  const name = regexOf(parts.pop() ?? '')
  const schema = parts.pop()
  if (schema !== undefined && columns.schema !== undefined)
    return `${columns.schema} ~ ${literal(regexOf(schema))} AND ${columns.name} ~ ${literal(name)}`
  return [
    `${columns.name} ~ ${literal(name)}`,
    ...(columns.isVisible === undefined ? [] : [columns.isVisible]),
  ].join(' AND ')
}

/** The parts between dots that are not in quotes. */
function partsOf(pattern: string): string[] {
  return pattern.match(/(?:"(?:[^"]|"")*"?|[^."])+/g) ?? ['']
}

/** Lower case but in quotes; `*` and `?` as in file names but in quotes. */
function regexOf(part: string): string {
  const pieces = part.match(/"(?:[^"]|"")*"?|[^"]+/g) ?? []
  const regex = pieces.map((piece) => {
    if (piece.startsWith('"')) return escaped(piece.replace(/^"|"$/g, '').replaceAll('""', '"'))
    return escaped(piece.toLowerCase()).replaceAll('\\*', '.*').replaceAll('\\?', '.')
  })
  return `^(${regex.join('')})$`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}
