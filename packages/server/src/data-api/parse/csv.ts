// Bodies of text/csv (RFC 4180); NULL without quotes is null.
import { DataApiError, PGRST } from '../errors.ts'

/** The rows as objects of the header's names. DataApiError PGRST102 for rows of other lengths. */
export function parseCsv(text: string): Record<string, string | null>[] {
  const [header, ...rows] = lines(text)
  if (!header) return []
  return rows.map((row) => {
    if (row.length !== header.length)
      throw new DataApiError(PGRST.body, 'All lines must have same number of fields')
    return Object.fromEntries(header.map((name, at) => [name ?? 'NULL', row[at] ?? null]))
  })
}

function lines(text: string): (string | null)[][] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y
  while (field.lastIndex < text.length) {
    const found = field.exec(text)
    if (!found) throw new DataApiError(PGRST.body, 'The body is no CSV')
    const [, value = '', separator] = found
    row.push(
      value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value === 'NULL' ? null : value,
    )
    if (separator === ',') {
      if (field.lastIndex === text.length) row.push('')
      else continue
    }
    rows.push(row)
    row = []
  }
  return rows
}
