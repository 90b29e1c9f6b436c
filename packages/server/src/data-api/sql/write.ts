// INSERT, UPDATE and DELETE. The payload is one parameter of JSON, taken apart by the types of the table's columns.
import { DataApiError, PGRST } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import type { Table } from '../schema/model.ts'
import { conditionsSql } from './condition.ts'
import { qualified, quote, type Statement } from './statement.ts'

export interface Payload {
  /** JSON as it came: numbers keep all their digits. */
  readonly text: string
  /** Keys of its objects, or what `columns` names. */
  readonly columns: readonly string[]
  readonly isArray: boolean
  readonly count: number
}

export interface InsertOptions {
  readonly payload: Payload
  readonly resolution: 'merge-duplicates' | 'ignore-duplicates' | undefined
  readonly onConflict: readonly string[]
  readonly fillsDefaults: boolean
  readonly returning: string
  /** Counts rows that are new, in a setting of the transaction. */
  readonly countsInserted: boolean
}

/** Adds to the number of new rows; the text is compared so that Postgres has to call it. */
const counted = (change: string) =>
  `set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) ${change} 1)::text, true) <> '-1'`

export function insertSql(statement: Statement, table: Table, options: InsertOptions): string {
  const { payload, resolution, onConflict, countsInserted } = options
  const columns = checkColumns(table, payload.columns)
  const into = `INSERT INTO ${qualified(table.schema, table.name)} AS ${quote('pgrst_t0')}`
  const returning = `RETURNING ${options.returning}`
  if (columns.length === 0) {
    if (payload.count === 0)
      return `SELECT ${options.returning} FROM ${qualified(table.schema, table.name)} AS "pgrst_t0" WHERE false`
    return `${into} DEFAULT VALUES ${returning}`
  }
  const names = columns.map(quote).join(', ')
  const where = countsInserted ? ` WHERE ${counted('+')}` : ''
  const rows = `SELECT ${columns.map((name) => `"b".${quote(name)}`).join(', ')} FROM ${bodySql(statement, table, options, columns)} AS "b"${where}`
  return `${into} (${names}) ${rows} ${conflictSql(resolution, onConflict, columns, countsInserted)} ${returning}`
}

function conflictSql(
  resolution: InsertOptions['resolution'],
  onConflict: readonly string[],
  columns: readonly string[],
  countsInserted: boolean,
): string {
  if (resolution === undefined || onConflict.length === 0) return ''
  const target = `ON CONFLICT (${onConflict.map(quote).join(', ')})`
  const changed = columns.map((name) => `${quote(name)} = EXCLUDED.${quote(name)}`)
  if (resolution === 'ignore-duplicates') return `${target} DO NOTHING`
  return `${target} DO UPDATE SET ${changed.join(', ')}${countsInserted ? ` WHERE ${counted('-')}` : ''}`
}

/** The payload as rows of the columns' types. */
function bodySql(
  statement: Statement,
  table: Table,
  { payload, fillsDefaults }: Pick<InsertOptions, 'payload' | 'fillsDefaults'>,
  columns: readonly string[],
): string {
  const text = payload.isArray ? payload.text : `[${payload.text}]`
  const typed = columns.map((name) => `${quote(name)} ${table.columns.get(name)?.type ?? 'text'}`).join(', ')
  const body = statement.param(text)
  const expressions = fillsDefaults ? columns.filter((name) => table.columns.get(name)?.default) : []
  const defaults = expressions.map(
    (name) => `${statement.param(name)}::text, ${table.columns.get(name)?.default ?? 'NULL'}`,
  )
  if (defaults.length === 0) return `(SELECT * FROM json_to_recordset(${body}::json) AS "p"(${typed}))`
  const filled = `SELECT coalesce(jsonb_agg(jsonb_build_object(${defaults.join(', ')}) || "o"), '[]') FROM jsonb_array_elements(${body}::jsonb) AS "o"`
  return `(SELECT * FROM jsonb_to_recordset((${filled})) AS "p"(${typed}))`
}

export function updateSql(
  statement: Statement,
  plan: Plan & { readonly table: Table },
  { payload, fillsDefaults, returning }: Pick<InsertOptions, 'payload' | 'fillsDefaults' | 'returning'>,
): string {
  const { table } = plan
  const columns = checkColumns(table, payload.columns)
  const target = `${qualified(table.schema, table.name)} AS ${quote(plan.alias)}`
  if (columns.length === 0) return `SELECT ${returning} FROM ${target} WHERE false`
  const set = columns.map((name) => `${quote(name)} = "b".${quote(name)}`).join(', ')
  const body = bodySql(statement, table, { payload, fillsDefaults }, columns)
  return `UPDATE ${target} SET ${set} FROM ${body} AS "b" ${whereOf(statement, plan)} RETURNING ${returning}`
}

export function deleteSql(
  statement: Statement,
  plan: Plan & { readonly table: Table },
  returning: string,
): string {
  const { table } = plan
  return `DELETE FROM ${qualified(table.schema, table.name)} AS ${quote(plan.alias)} ${whereOf(statement, plan)} RETURNING ${returning}`
}

function whereOf(statement: Statement, plan: Plan): string {
  const conditions = conditionsSql(statement, plan, plan.place.conditions)
  return conditions === '' ? '' : `WHERE ${conditions}`
}

function checkColumns(table: Table, columns: readonly string[]): readonly string[] {
  for (const name of columns) {
    if (table.columns.has(name)) continue
    throw new DataApiError(
      PGRST.column,
      `Could not find the '${name}' column of '${table.name}' in the schema cache`,
    )
  }
  return columns
}

/** What a write gives back: what is selected, and the columns by which embedded resources are found. */
export function returningSql(plan: Plan & { readonly table: Table }, also: readonly string[]): string {
  const names = new Set(also)
  let all = false
  for (const each of plan.fields) {
    if (each.kind === 'star') all = true
    else if (each.kind === 'field') {
      if (each.field.name !== '*') names.add(each.field.name)
    }
  }
  for (const { relationship } of plan.embeds) {
    if (relationship.kind === 'computed') all = true
    else
      for (const [own] of relationship.kind === 'direct' ? relationship.columns : relationship.first)
        names.add(own)
  }
  for (const { relation, field } of plan.place.order) if (relation === undefined) names.add(field.name)
  const column = (name: string) => `${quote('pgrst_t0')}.${quote(name)} AS ${quote(name)}`
  if (!all) return names.size === 0 ? '1 AS "pgrst_here"' : [...names].map(column).join(', ')
  const computed = [...names].filter((name) => !plan.table.columns.has(name))
  return [`${quote('pgrst_t0')}.*`, ...computed.map(column)].join(', ')
}
