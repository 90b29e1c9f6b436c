// From the row of a result to status, headers and body.
import { DataApiError, PGRST } from './errors.ts'
import type { Preferences } from './parse/prefer.ts'
import type { ApiReply, ApiRequest, MediaType, Target } from './request.ts'
import type { Statement } from './sql/statement.ts'
import type { ResultRow } from './sql/whole.ts'

/** A request as a statement, and what is needed to answer it. */
export interface Prepared {
  readonly kind: 'read' | 'insert' | 'update' | 'delete' | 'put' | 'call' | 'void'
  readonly statement: Statement
  readonly text: string
  /** What the planner is asked to count. */
  readonly explains:
    | { readonly statement: Statement; readonly text: string; readonly exactBelow: number }
    | undefined
  readonly isReadOnly: boolean
  readonly offset: number
  readonly media: MediaType
  readonly target: Exclude<Target, { kind: 'root' }>
  readonly request: ApiRequest
  readonly isHead: boolean
  /** Whether the rows are part of the answer. */
  readonly shows: boolean
  readonly key: readonly string[]
  /** A function that returns one value. */
  readonly isSingleRow?: boolean
}

/** DataApiErrors PGRST103, PGRST111, PGRST112, PGRST115, PGRST116 and PGRST124 roll the transaction back. */
export function replyOf(prepared: Prepared, row: ResultRow, preferences: Preferences): ApiReply {
  const rows = Number(row.rows)
  const total = row.total === null ? undefined : Number(row.total)
  check(prepared, rows, total, preferences)
  const hasBody = prepared.shows && prepared.kind !== 'void'
  const status = customStatus(row.status) ?? statusOf(prepared, rows, total, row)
  const headers: Record<string, string> = {
    ...(hasBody ? { 'content-type': prepared.media.contentType } : {}),
    ...contentRange(prepared, rows, total),
    ...place(prepared, row),
    ...customHeaders(row.headers),
  }
  return { status, headers, body: hasBody && !prepared.isHead ? (row.body ?? 'null') : '' }
}

function check(
  { kind, media, offset, isSingleRow, shows }: Prepared,
  rows: number,
  total: number | undefined,
  { maxAffected, handling }: Preferences,
): void {
  if (media.kind === 'object' && shows && !isSingleRow && kind !== 'void' && rows !== 1) {
    throw new DataApiError(PGRST.singular, 'Cannot coerce the result to a single JSON object', {
      details: `The result contains ${rows} rows`,
    })
  }
  if (kind === 'put' && rows !== 1)
    throw new DataApiError(PGRST.putKey, 'Payload values do not match URL in primary key column(s)')
  const changes = kind === 'update' || kind === 'delete' || kind === 'call'
  if (changes && handling === 'strict' && maxAffected !== undefined && rows > maxAffected) {
    throw new DataApiError(PGRST.maxAffected, 'Query result exceeds max-affected preference constraint', {
      details: `The query affects ${rows} rows`,
    })
  }
  if (
    (kind === 'read' || kind === 'call') &&
    total !== undefined &&
    offset > 0 &&
    offset >= total &&
    rows === 0 &&
    offset > total
  ) {
    throw new DataApiError(PGRST.range, 'Requested range not satisfiable', {
      details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
      headers: { 'content-range': `*/${total}` },
    })
  }
}

function statusOf(
  { kind, shows, offset, isSingleRow }: Prepared,
  rows: number,
  total: number | undefined,
  row: ResultRow,
): number {
  switch (kind) {
    case 'insert':
      return row.inserted === '0' && shows ? 200 : 201
    case 'put':
      return row.inserted === '0' ? (shows ? 200 : 204) : 201
    case 'update':
    case 'delete':
      return shows ? 200 : 204
    case 'void':
      return 204
    case 'read':
    case 'call':
      return !isSingleRow && total !== undefined && (offset > 0 || rows < total) && rows < total ? 206 : 200
  }
}

function contentRange(
  { kind, offset }: Prepared,
  rows: number,
  total: number | undefined,
): Record<string, string> {
  if (kind === 'void') return {}
  const all = total ?? '*'
  if (kind === 'insert' || kind === 'delete' || kind === 'put') return { 'content-range': `*/${all}` }
  const range = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`
  return { 'content-range': `${range}/${all}` }
}

/** `Location` of a new row, `Content-Location` of what was read. */
function place({ kind, key, target, request }: Prepared, row: ResultRow): Record<string, string> {
  if (kind === 'read') {
    const query = request.search.toString()
    return { 'content-location': `/${encodeURIComponent(target.name)}${query === '' ? '' : `?${query}`}` }
  }
  if (kind !== 'insert' || key.length === 0 || !row.key) return {}
  const query = new URLSearchParams(
    key.map((name, at): [string, string] => [name, `eq.${row.key?.[at] ?? ''}`]),
  )
  return { location: `/${encodeURIComponent(target.name)}?${query.toString()}` }
}

function customStatus(text: string | null): number | undefined {
  if (text === null) return undefined
  const status = Number(text)
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status
  throw new DataApiError(PGRST.status, 'response.status guc must be a valid status code')
}

/** What a page of another place may not be made to believe, or HTTP itself sets. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'set-cookie'])

function customHeaders(text: string | null): Record<string, string> {
  if (text === null) return {}
  const invalid = () =>
    new DataApiError(
      PGRST.headers,
      'response.headers guc must be a JSON array composed of objects with a single key and a string value',
    )
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid()
  }
  if (!Array.isArray(parsed)) throw invalid()
  const headers: Record<string, string> = {}
  for (const each of parsed) {
    const entries = typeof each === 'object' && each !== null ? Object.entries(each as object) : []
    const [[name, value] = ['', undefined], ...others] = entries
    const isSafe = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === 'string' && !/[\r\n\0]/.test(value)
    if (!isSafe || others.length > 0) throw invalid()
    if (!OWN_HEADERS.has(name.toLowerCase())) headers[name.toLowerCase()] = value
  }
  return headers
}
