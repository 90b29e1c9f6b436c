// Requests for a function, as statements.
import { DataApiError, PGRST } from './errors.ts'
import { planRead } from './plan/plan.ts'
import { applyRange, bodyKindOf, common, countOf, type PrepareParts } from './prepare-table.ts'
import type { Prepared } from './reply.ts'
import { isObject, parseJson } from './request.ts'
import type { Routine } from './schema/model.ts'
import { type Arguments, callSql, findRoutine } from './sql/call.ts'
import { readSql } from './sql/read.ts'
import { Statement } from './sql/statement.ts'
import { type BodyKind, wholeSql } from './sql/whole.ts'

export function prepareCall(parts: PrepareParts): Prepared {
  const { request, cache, target, query, settings, media } = parts
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
    throw new DataApiError(PGRST.method, `Unsupported HTTP method: ${method}`)
  }
  const isPost = method === 'POST'
  const { given, raw } = isPost
    ? bodyArguments(parts)
    : { given: queryArguments(query.params), raw: undefined }
  const found = findRoutine(cache, target.schema, target.name, given, raw)
  const { routine } = found
  applyRange(parts)
  const table = [...cache.tables.values()].find(({ oid }) => oid === routine.tableOid)
  const plan = planRead({
    cache,
    query,
    allowsAggregates: settings.allowsAggregates,
    table,
    alias: 'pgrst_t0',
  })
  const statement = new Statement()
  const source = callSql(statement, found)
  const from = '"pgrst_source" AS "pgrst_t0"'
  const read =
    routine.returns === 'composite' ? readSql(statement, plan, from) : 'SELECT * FROM "pgrst_source"'
  const { count } =
    routine.returns === 'composite'
      ? countOf(parts, plan, statement, from)
      : { count: parts.preferences.count && 'SELECT 1 FROM "pgrst_source"' }
  const text = wholeSql({
    source,
    read,
    count,
    body: bodyOf(parts, routine),
    stripsNulls: media.stripsNulls,
    key: [],
  })
  return {
    ...common(parts),
    kind: routine.returns === 'void' ? 'void' : 'call',
    statement,
    text,
    explains: undefined,
    isReadOnly: !isPost || routine.volatility !== 'v',
    offset: plan.place.offset,
    isSingleRow: !routine.isSet,
  }
}

function bodyOf(parts: PrepareParts, { returns, isSet }: Routine): BodyKind {
  const kind = bodyKindOf(parts)
  if (kind === 'none' || returns === 'void') return 'none'
  if (kind === 'csv') return 'csv'
  if (returns === 'scalar') return isSet && kind === 'array' ? 'scalars' : 'scalar'
  return isSet && kind === 'array' ? 'array' : 'object'
}

function queryArguments(params: readonly (readonly [string, string])[]): Arguments {
  const values = new Map<string, string[]>()
  for (const [name, value] of params) values.set(name, [...(values.get(name) ?? []), value])
  return { kind: 'named', values }
}

function bodyArguments({ request: { headers, body } }: PrepareParts): {
  readonly given: Arguments
  readonly raw: Arguments & { kind: 'raw' }
} {
  const type = headers['content-type'] ?? 'application/json'
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const given = queryArguments([...new URLSearchParams(body.toString('utf8'))])
    return { given, raw: { kind: 'raw', body, types: [] } }
  }
  const raw = (types: readonly string[]) => ({ kind: 'raw' as const, body, types })
  if (type.startsWith('text/plain')) return { given: raw(['text']), raw: raw(['text']) }
  if (type.startsWith('text/xml')) return { given: raw(['xml']), raw: raw(['xml']) }
  if (type.startsWith('application/octet-stream')) return { given: raw(['bytea']), raw: raw(['bytea']) }
  const text = body.length === 0 ? '{}' : body.toString('utf8')
  const parsed = parseJson(text)
  const single = { ...raw(['json', 'jsonb']), body: Buffer.from(text) }
  return isObject(parsed)
    ? { given: { kind: 'json', text, keys: Object.keys(parsed) }, raw: single }
    : { given: single, raw: single }
}
