// A request from its target to its answer.
import type { PoolClient } from 'pg'
import type { DataApiDatabases } from './databases.ts'
import { DataApiError, PGRST } from './errors.ts'
import { openApi } from './openapi.ts'
import { appliedHeader, parsePrefer, type Preferences } from './parse/prefer.ts'
import { parseQuery } from './parse/query.ts'
import type { DataApiCaller, ServedDatabase } from './ports.ts'
import { prepareCall } from './prepare-call.ts'
import { prepareTable } from './prepare-table.ts'
import { type Prepared, replyOf } from './reply.ts'
import { type ApiReply, type ApiRequest, mediaTypeOf, type Target, targetOf } from './request.ts'
import type { SchemaCache } from './schema/model.ts'
import type { ResultRow } from './sql/whole.ts'
import { inTransaction } from './transaction.ts'

export interface Handling {
  readonly databases: DataApiDatabases
  readonly database: ServedDatabase
  readonly caller: DataApiCaller
  readonly url: string
}

/** Answers one request; rejects with a DataApiError or an error of Postgres. */
export async function handle(request: ApiRequest, handling: Handling): Promise<ApiReply> {
  const target = targetOf(request, handling.database)
  if (target.kind === 'root') return root(request, handling, target.schema)
  const began = performance.now()
  try {
    return await answer(request, handling, target)
  } catch (error) {
    if (!mayBeOld(error)) throw error
    // What was known of the schema may be old: it is read again, and what was rolled back is tried once more.
    await handling.databases.reload(handling.database, began)
    return answer(request, handling, target)
  }
}

function mayBeOld(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return (
    typeof code === 'string' && (/^PGRST20[0245]$/.test(code) || (code.startsWith('42') && code !== '42501'))
  )
}

async function root(request: ApiRequest, handling: Handling, schema: string): Promise<ApiReply> {
  const { database, databases, url } = handling
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new DataApiError(PGRST.method, `Unsupported HTTP method: ${request.method}`)
  if (!database.settings.showsOpenApi)
    throw new DataApiError(PGRST.openapiOff, 'Root endpoint metadata is disabled')
  const media = mediaTypeOf(request.headers['accept'], true)
  const cache = await databases.schema(database)
  return {
    status: 200,
    headers: { 'content-type': media.contentType },
    body: JSON.stringify(openApi(cache, schema, url)),
  }
}

async function answer(
  request: ApiRequest,
  handling: Handling,
  target: Exclude<Target, { kind: 'root' }>,
): Promise<ApiReply> {
  const { databases, database, caller } = handling
  const started = performance.now()
  const cache = await databases.schema(database)
  const preferences = parsePrefer(request.headers['prefer'], cache.zones)
  const prepared = prepare(request, database, cache, target, preferences)
  const planned = performance.now()
  const reply = await databases.use(database, (client) =>
    inTransaction(
      client,
      {
        request,
        caller,
        database,
        schema: target.schema,
        isReadOnly: prepared.isReadOnly,
        timezone: preferences.timezone,
      },
      () => run(client, prepared, preferences),
    ),
  )
  const timing = `plan;dur=${(planned - started).toFixed(1)}, transaction;dur=${(performance.now() - planned).toFixed(1)}`
  return {
    ...reply,
    headers: {
      ...(database.settings.schemas.length > 1 ? { 'content-profile': target.schema } : {}),
      ...(database.settings.showsTiming ? { 'server-timing': timing } : {}),
      ...applied(preferences),
      ...reply.headers,
    },
  }
}

function applied(preferences: Preferences): Record<string, string> {
  const header = appliedHeader(preferences)
  return header === undefined ? {} : { 'preference-applied': header }
}

function prepare(
  request: ApiRequest,
  database: ServedDatabase,
  cache: SchemaCache,
  target: Exclude<Target, { kind: 'root' }>,
  preferences: Preferences,
): Prepared {
  const media = mediaTypeOf(request.headers['accept'], false)
  const isRoutine = target.kind === 'routine'
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const query = parseQuery(request.search, isRoutine && reads)
  const parts = { request, settings: database.settings, cache, target, preferences, media, query }
  return isRoutine ? prepareCall(parts) : prepareTable(parts)
}

async function run(
  client: PoolClient,
  prepared: Prepared,
  preferences: Preferences,
): Promise<{ readonly commits: boolean; readonly result: ApiReply }> {
  const { statement, text, explains } = prepared
  const { rows } = await client.query<ResultRow>({ text, values: statement.values })
  const [row] = rows
  if (!row) throw new Error('the statement of a request gave no row')
  const total = explains ? await plannedCount(client, explains, row) : row.total
  const result = replyOf(prepared, { ...row, total }, preferences)
  return { commits: preferences.tx !== 'rollback', result }
}

interface PlanNode {
  readonly Plan: { readonly 'Plan Rows': number }
}

/** What the planner expects, and for `estimated` what was counted where that is little. */
async function plannedCount(
  client: PoolClient,
  explains: NonNullable<Prepared['explains']>,
  row: ResultRow,
): Promise<string> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly PlanNode[] }>({
    text: `EXPLAIN (FORMAT JSON) ${explains.text}`,
    values: explains.statement.values,
  })
  const planned = rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
  if (row.total === null) return String(planned)
  return Number(row.total) < explains.exactBelow ? row.total : String(Math.max(planned, Number(row.total)))
}
