// A request as the Data API sees it: which schema and what in it, the form of the answer, preferences, and the payload.
import { DataApiError, PGRST } from './errors.ts'
import { parseCsv } from './parse/csv.ts'
import type { ServedDatabase } from './ports.ts'
import type { Payload } from './sql/write.ts'

export interface ApiRequest {
  readonly method: string
  /** After the database in the URL, decoded. */
  readonly segments: readonly string[]
  /** Of the whole URL. */
  readonly path: string
  readonly search: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export interface ApiReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a path names. */
export type Target =
  | { readonly kind: 'root'; readonly schema: string }
  | { readonly kind: 'table' | 'routine'; readonly schema: string; readonly name: string }

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * `/schema/table` as on Lakebase, `/table` with the profile headers as with PostgREST, each with `rpc/` before a function. PGRST106 for a schema
 * that is not exposed, PGRST125 for any other path.
 */
export function targetOf({ method, segments, headers }: ApiRequest, { settings }: ServedDatabase): Target {
  const { schemas } = settings
  const [first = ''] = segments
  const isNamed = segments.length > 1 && first !== 'rpc' ? true : segments.length === 3
  const profile = headers[READS.has(method) ? 'accept-profile' : 'content-profile']
  const schema = isNamed ? first : (profile ?? schemas[0] ?? '')
  if (!schemas.includes(schema)) {
    throw new DataApiError(PGRST.schema, `Invalid schema: ${schema}`, {
      hint: `Only the following schemas are exposed: ${schemas.join(', ')}`,
    })
  }
  const rest = isNamed ? segments.slice(1) : segments
  if (rest.length === 0) return { kind: 'root', schema }
  const [name = '', routine] = rest
  if (rest.length === 1 && name !== '') return { kind: 'table', schema, name }
  if (rest.length === 2 && name === 'rpc' && routine) return { kind: 'routine', schema, name: routine }
  throw new DataApiError(PGRST.path, 'Invalid path specified in request URL')
}

export interface MediaType {
  readonly kind: 'json' | 'object' | 'csv' | 'openapi'
  readonly stripsNulls: boolean
  readonly contentType: string
}

/** The first of the Accept header that there is; PGRST107. */
export function mediaTypeOf(accept: string | undefined, isRoot: boolean): MediaType {
  const json: MediaType = {
    kind: isRoot ? 'openapi' : 'json',
    stripsNulls: false,
    contentType: isRoot ? 'application/openapi+json; charset=utf-8' : 'application/json; charset=utf-8',
  }
  const wanted = (accept ?? '*/*').split(',').map((each) => each.trim())
  const quality = (each: string) => Number(/;\s*q=([\d.]+)/.exec(each)?.[1] ?? 1)
  for (const each of wanted.toSorted((a, b) => quality(b) - quality(a))) {
    const [type = '', ...parameters] = each.split(';').map((part) => part.trim())
    const stripsNulls = parameters.includes('nulls=stripped')
    const shown = (name: string) => `${name}${stripsNulls ? '; nulls=stripped' : ''}; charset=utf-8`
    switch (type.toLowerCase()) {
      case '*/*':
      case 'application/*':
      case 'application/json':
        return isRoot && type === 'application/json'
          ? { ...json, contentType: 'application/json; charset=utf-8' }
          : json
      case 'application/openapi+json':
        if (isRoot) return json
        break
      case 'application/vnd.pgrst.array+json':
        return { ...json, stripsNulls, contentType: shown('application/vnd.pgrst.array+json') }
      case 'application/vnd.pgrst.object+json':
      case 'application/vnd.pgrst.object':
        return { kind: 'object', stripsNulls, contentType: shown('application/vnd.pgrst.object+json') }
      case 'text/csv':
        return { kind: 'csv', stripsNulls: false, contentType: 'text/csv; charset=utf-8' }
    }
  }
  throw new DataApiError(PGRST.mediaType, `None of these media types are available: ${accept ?? ''}`)
}

/** The rows of a body of JSON or CSV; PGRST102. */
export function payloadOf({ body, headers }: ApiRequest, columns: readonly string[] | undefined): Payload {
  const type = headers['content-type'] ?? 'application/json'
  const text = body.toString('utf8')
  if (type.startsWith('text/csv')) {
    const rows = parseCsv(text)
    return {
      text: JSON.stringify(rows),
      isArray: true,
      count: rows.length,
      columns: columns ?? Object.keys(rows[0] ?? {}),
    }
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const row = Object.fromEntries(new URLSearchParams(text))
    return { text: JSON.stringify(row), isArray: false, count: 1, columns: columns ?? Object.keys(row) }
  }
  if (!/^application\/(?:[\w.-]+\+)?json/.test(type)) {
    throw new DataApiError(PGRST.body, `Content-Type not acceptable: ${type}`)
  }
  const parsed = parseJson(text)
  const rows = Array.isArray(parsed) ? parsed : [parsed]
  if (!rows.every(isObject)) throw new DataApiError(PGRST.body, 'All elements of the body must be objects')
  return { text, isArray: Array.isArray(parsed), count: rows.length, columns: columns ?? sharedKeys(rows) }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DataApiError(PGRST.body, 'Empty or invalid json')
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sharedKeys(rows: readonly Record<string, unknown>[]): string[] {
  const keys = Object.keys(rows[0] ?? {})
  const known = new Set(keys)
  const isSame = (row: Record<string, unknown>) => {
    const own = Object.keys(row)
    return own.length === keys.length && own.every((key) => known.has(key))
  }
  if (!rows.every(isSame)) throw new DataApiError(PGRST.body, 'All object keys must match')
  return keys
}
