// Requests for a table or view, as statements.
import { DataApiError, PGRST } from './errors.ts'
import type { Preferences } from './parse/prefer.ts'
import { placeAt, type Query } from './parse/query.ts'
import type { Condition } from './parse/tree.ts'
import { type Plan, planRead } from './plan/plan.ts'
import type { DataApiSettings } from './ports.ts'
import type { Prepared } from './reply.ts'
import { type ApiRequest, type MediaType, payloadOf, type Target } from './request.ts'
import { keyOf, type SchemaCache, type Table } from './schema/model.ts'
import { countSql, readSql } from './sql/read.ts'
import { Statement } from './sql/statement.ts'
import { type BodyKind, wholeSql } from './sql/whole.ts'
import { deleteSql, insertSql, returningSql, updateSql } from './sql/write.ts'

export interface PrepareParts {
  readonly request: ApiRequest
  readonly settings: DataApiSettings
  readonly cache: SchemaCache
  readonly target: Exclude<Target, { kind: 'root' }>
  readonly preferences: Preferences
  readonly media: MediaType
  readonly query: Query
}

export function prepareTable(parts: PrepareParts): Prepared {
  const { request, cache, target } = parts
  const table = cache.tables.get(keyOf(target.schema, target.name))
  if (!table) throw missingTable(cache, target.schema, target.name)
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return read(parts, table)
    case 'POST':
      return write(parts, table, 'insert')
    case 'PATCH':
      return write(parts, table, 'update')
    case 'DELETE':
      return write(parts, table, 'delete')
    case 'PUT':
      checkPut(parts, table)
      return write(parts, table, 'put')
    default:
      throw new DataApiError(PGRST.method, `Unsupported HTTP method: ${request.method}`)
  }
}

function missingTable(cache: SchemaCache, schema: string, name: string): DataApiError {
  const near = [...cache.tables.values()].find((table) => table.schema === schema && isNear(table.name, name))
  return new DataApiError(PGRST.table, `Could not find the table '${schema}.${name}' in the schema cache`, {
    hint: near ? `Perhaps you meant the table '${schema}.${near.name}'` : null,
  })
}

function isNear(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a) || a.replaceAll(/[_s]/g, '') === b.replaceAll(/[_s]/g, '')
}

/** Limits of the header `Range` and of the settings, in the place of the root; PGRST103. */
export function applyRange({ request, settings, query }: PrepareParts): void {
  const place = placeAt(query.places as Map<string, ReturnType<typeof placeAt>>, '')
  const [, first, last] = /^(?:items=)?(\d+)-(\d*)$/.exec(request.headers['range'] ?? '') ?? []
  if (first !== undefined && (request.method === 'GET' || request.method === 'HEAD') && !query.hasRange) {
    const end = last ? Number(last) : undefined
    if (end !== undefined && end < Number(first)) {
      throw new DataApiError(PGRST.range, 'Requested range not satisfiable', {
        details: 'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
      })
    }
    place.offset = Number(first)
    if (end !== undefined) place.limit = end - place.offset + 1
  }
  const { maxRows } = settings
  if (maxRows !== undefined)
    for (const each of query.places.values()) each.limit = Math.min(each.limit ?? maxRows, maxRows)
}

function planOf(parts: PrepareParts, table: Table): Plan {
  const { cache, query, settings } = parts
  return planRead({ cache, query, allowsAggregates: settings.allowsAggregates, table, alias: 'pgrst_t0' })
}

export function bodyKindOf({ request, media }: PrepareParts): BodyKind {
  if (request.method === 'HEAD') return 'none'
  return media.kind === 'object' ? 'object' : media.kind === 'csv' ? 'csv' : 'array'
}

/** The count that is asked for: in the statement itself, or beside it by the planner. */
export function countOf(
  parts: PrepareParts,
  plan: Plan,
  statement: Statement,
  from?: string,
): { readonly count: string | undefined; readonly explains: Prepared['explains'] } {
  const { count } = parts.preferences
  const planned = () => {
    const own = new Statement()
    return { statement: own, text: countSql(own, plan), exactBelow: parts.settings.maxRows ?? 1000 }
  }
  if (count === 'exact' || (count !== undefined && from !== undefined))
    return { count: countSql(statement, plan, from), explains: undefined }
  if (count === 'planned') return { count: undefined, explains: planned() }
  if (count === 'estimated')
    return {
      count: `${countSql(statement, plan)} LIMIT ${(parts.settings.maxRows ?? 1000) + 1}`,
      explains: planned(),
    }
  return { count: undefined, explains: undefined }
}

function read(parts: PrepareParts, table: Table): Prepared {
  applyRange(parts)
  const plan = planOf(parts, table)
  const statement = new Statement()
  const read = readSql(statement, plan)
  const { count, explains } = countOf(parts, plan, statement)
  const { media } = parts
  const text = wholeSql({
    source: undefined,
    read,
    count,
    body: bodyKindOf(parts),
    stripsNulls: media.stripsNulls,
    key: [],
  })
  return {
    ...common(parts),
    kind: 'read',
    statement,
    text,
    explains,
    isReadOnly: true,
    offset: plan.place.offset,
  }
}

type Change = 'insert' | 'update' | 'delete' | 'put'

function write(parts: PrepareParts, table: Table, change: Change): Prepared {
  const { preferences, media } = parts
  const plan = planOf(parts, table)
  const statement = new Statement()
  const shows = preferences.return === 'representation'
  const key = preferences.return === 'headers-only' && change === 'insert' ? table.primaryKey : []
  const rooted = { ...plan, table }
  const returning = returningSql(
    shows ? rooted : { ...rooted, fields: [], embeds: [], place: { ...plan.place, order: [] } },
    key,
  )
  const source = sourceOf(parts, rooted, change, statement, returning)
  // The filters have chosen what is changed; what is shown of it is only ordered and cut.
  const shown = { ...plan, place: { ...plan.place, conditions: [] } }
  const read = shows
    ? readSql(statement, shown, '"pgrst_source" AS "pgrst_t0"')
    : 'SELECT * FROM "pgrst_source"'
  const count = preferences.count === 'exact' ? 'SELECT 1 FROM "pgrst_source"' : undefined
  const body = shows ? bodyKindOf(parts) : 'none'
  const text = wholeSql({ source, read, count, body, stripsNulls: media.stripsNulls, key })
  return {
    ...common(parts),
    kind: change,
    statement,
    text,
    explains: undefined,
    isReadOnly: false,
    offset: 0,
    shows,
    key,
  }
}

function sourceOf(
  parts: PrepareParts,
  plan: Plan & { readonly table: Table },
  change: Change,
  statement: Statement,
  returning: string,
): string {
  const { query, preferences, request } = parts
  if (change === 'delete') return deleteSql(statement, plan, returning)
  const payload = payloadOf(request, query.columns)
  const fillsDefaults = preferences.missing === 'default'
  if (change === 'update') return updateSql(statement, plan, { payload, fillsDefaults, returning })
  const onConflict = change === 'put' ? plan.table.primaryKey : (query.onConflict ?? plan.table.primaryKey)
  const asked = change === 'put' ? 'merge-duplicates' : preferences.resolution
  const resolution = asked === 'merge-duplicates' || asked === 'ignore-duplicates' ? asked : undefined
  const countsInserted = resolution === 'merge-duplicates' && onConflict.length > 0
  return insertSql(statement, plan.table, {
    payload,
    fillsDefaults,
    returning,
    resolution,
    onConflict,
    countsInserted,
  })
}

function checkPut({ request, query }: PrepareParts, table: Table): void {
  if (query.hasRange)
    throw new DataApiError(PGRST.putRange, 'limit/offset querystring parameters are not allowed for PUT')
  const conditions = query.places.get('')?.conditions ?? []
  const value = new Map(conditions.flatMap((each) => equality(each)))
  const keys = table.primaryKey
  if (keys.length === 0 || conditions.length !== keys.length || !keys.every((name) => value.has(name))) {
    throw new DataApiError(
      PGRST.putFilters,
      "Filters must include all and only primary key columns with 'eq' operators",
    )
  }
  const payload = payloadOf(request, query.columns)
  const parsed = JSON.parse(payload.text) as unknown
  const [row, ...others] = Array.isArray(parsed) ? parsed : [parsed]
  const same = keys.every((name) => String((row as Record<string, unknown>)?.[name]) === value.get(name))
  if (others.length > 0 || !same)
    throw new DataApiError(PGRST.putKey, 'Payload values do not match URL in primary key column(s)')
}

function equality(condition: Condition): [string, string][] {
  if (condition.kind !== 'filter' || condition.isNegated || condition.field.path.length > 0) return []
  const { comparison } = condition
  return comparison.kind === 'simple' && comparison.operator === 'eq' && !comparison.quantifier
    ? [[condition.field.name, comparison.value]]
    : []
}

export function common({ request, media, target }: PrepareParts) {
  return {
    media,
    target,
    request,
    isHead: request.method === 'HEAD',
    shows: true,
    key: [] as readonly string[],
  }
}
