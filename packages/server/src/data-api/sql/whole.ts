// The statement of a request as a whole: one row with the body, how many rows it has, and what functions said of the answer.
import { quote } from './statement.ts'

export interface ResultRow {
  readonly total: string | null
  readonly rows: string
  readonly body: string | null
  readonly headers: string | null
  readonly status: string | null
  readonly inserted: string | null
  readonly key: readonly (string | null)[] | null
}

export type BodyKind = 'array' | 'object' | 'csv' | 'none' | 'scalar' | 'scalars'

export interface WholeOptions {
  /** What changes or calls, as the source of what is read. */
  readonly source: string | undefined
  readonly read: string
  readonly count: string | undefined
  readonly body: BodyKind
  readonly stripsNulls: boolean
  /** Columns whose values name the row in `Location`. */
  readonly key: readonly string[]
}

export function wholeSql({ source, read, count, body, stripsNulls, key }: WholeOptions): string {
  const total = count === undefined ? 'NULL' : `(SELECT count(*) FROM (${count}) AS "n")`
  const keys = key.map((name) => `${quote(name)}::text`).join(', ')
  const location = key.length === 0 ? 'NULL::text[]' : `(SELECT ARRAY[${keys}] FROM "pgrst_source" LIMIT 1)`
  return `WITH "pgrst_source" AS (${source ?? read}) SELECT ${total}::text AS total, count("pgrst_row")::text AS rows, ${bodySql(body, stripsNulls)} AS body, nullif(current_setting('response.headers', true), '') AS headers, nullif(current_setting('response.status', true), '') AS status, nullif(current_setting('pgrst.inserted', true), '') AS inserted, ${location} AS key FROM (${source === undefined ? 'SELECT * FROM "pgrst_source"' : read}) AS "pgrst_row"`
}

function bodySql(kind: BodyKind, stripsNulls: boolean): string {
  const strip = (sql: string) => (stripsNulls ? `json_strip_nulls(${sql})` : sql)
  switch (kind) {
    case 'array':
      return `coalesce(${strip('json_agg("pgrst_row")')}, '[]')::text`
    case 'object':
      return `(${strip('json_agg("pgrst_row")')} -> 0)::text`
    case 'scalar':
      return `(json_agg("pgrst_row"."pgrst_scalar") -> 0)::text`
    case 'scalars':
      return `coalesce(json_agg("pgrst_row"."pgrst_scalar"), '[]')::text`
    case 'csv':
      return `coalesce((SELECT string_agg("k", ',') FROM json_object_keys(json_agg("pgrst_row") -> 0) AS "k"), '') || E'\\n' || coalesce(string_agg(substring("pgrst_row"::text, 2, length("pgrst_row"::text) - 2), E'\\n'), '')`
    case 'none':
      return `''`
  }
}
