// Results as files.
import type { StatementResult } from './results.ts'

/** CSV (RFC 4180). A null is an empty field, an empty text a quoted one. */
export function toCsv({ columns, rows }: Pick<StatementResult, 'columns' | 'rows'>): string {
  const quoted = (value: string) =>
    value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  const head = columns.map(({ name }) => quoted(name)).join(',')
  const body = rows.map((row) => row.map((value) => (value === null ? '' : quoted(value))).join(','))
  return [head, ...body, ''].join('\r\n')
}

const BARE = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid', 'json', 'jsonb'])
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i

/** JSON: an array of objects. Numbers keep every digit that Postgres printed. */
export function toJson({ columns, rows }: Pick<StatementResult, 'columns' | 'rows'>): string {
  const objects = rows.map((row) => {
    const fields = columns.map(
      ({ name, type }, index) => `${JSON.stringify(name)}: ${valueOf(row[index] ?? null, type)}`,
    )
    return `  { ${fields.join(', ')} }`
  })
  return `[\n${objects.join(',\n')}\n]\n`
}

function valueOf(value: string | null, type: string | undefined): string {
  if (value === null) return 'null'
  if (type === 'bool') return value === 't' ? 'true' : 'false'
  const isJson = type === 'json' || type === 'jsonb'
  if (isJson || (BARE.has(type ?? '') && JSON_NUMBER.test(value))) return value
  return JSON.stringify(value)
}

/** Hands text or bytes to the browser as a file. */
export function download(name: string, text: string | Uint8Array | Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text as BlobPart]))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
