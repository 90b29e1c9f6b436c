// What is in a database, in one statement: an object for each table or view.
import { MOST } from '../answer.ts'
import { ToolError } from '../problem.ts'
import type { ToolContext } from '../tool.ts'
import { runSql, type SqlAsked } from './run.ts'

const MOST_RELATIONS = 100
const MOST_NAMES = 1000

export interface SchemaAsked {
  readonly schema?: string | undefined
  readonly table?: string | undefined
  readonly names_only: boolean
}

/** Tables and views with what is in them, and how many match. Throws a ToolError with the error of Postgres. */
export async function schemaOf(
  context: ToolContext,
  asked: Omit<SqlAsked, 'statements' | 'contained'>,
  { schema, table, names_only: namesOnly }: SchemaAsked,
): Promise<{ readonly relations: readonly unknown[]; readonly count: number }> {
  const statement = statementOf(schema, table, namesOnly)
  const { results, error } = await runSql(context, {
    ...asked,
    maxCell: MOST.all,
    maxRows: namesOnly ? MOST_NAMES : MOST_RELATIONS,
    statements: [count(schema, table), statement],
    contained: true,
  })
  if (error) throw new ToolError('Postgres refused it. The data has its words.', error)
  const [counted, found] = results
  return {
    count: Number(counted?.rows?.[0]?.[0] ?? 0),
    relations: (found?.rows ?? []).map(([json]) => parsed(json ?? null)),
  }
}

function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? 'null')
  } catch {
    // One that was cut: its text says as much as there is.
    return json
  }
}

function where(schema: string | undefined, table: string | undefined): string {
  const conditions = [
    `c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    schema === undefined
      ? `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`
      : `n.nspname = ${literal(schema)}`,
    ...(table === undefined ? [] : [`c.relname = ${literal(table)}`]),
  ]
  return `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${conditions.join(' AND ')}`
}

function count(schema: string | undefined, table: string | undefined): string {
  return `SELECT count(*) FROM ${where(schema, table)}`
}

function statementOf(schema: string | undefined, table: string | undefined, namesOnly: boolean): string {
  const whole = `
    'columns', (SELECT json_agg(json_strip_nulls(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'not_null', nullif(a.attnotnull, false), 'default', pg_get_expr(d.adbin, d.adrelid),
        'identity', nullif(a.attidentity, ''), 'generated', nullif(a.attgenerated, ''), 'comment', col_description(c.oid, a.attnum))) ORDER BY a.attnum)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'constraints', (SELECT json_agg(json_build_object('name', conname, 'definition', pg_get_constraintdef(k.oid, true)) ORDER BY contype DESC, conname)
      FROM pg_constraint k WHERE k.conrelid = c.oid AND contype <> 'n'),
    'indexes', (SELECT json_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid),
    'row_security', nullif(c.relrowsecurity, false),
    'policies', (SELECT json_agg(polname ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid),
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END,
    'triggers', (SELECT json_agg(pg_get_triggerdef(oid, true) ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),`
  return `SELECT json_strip_nulls(json_build_object('schema', n.nspname, 'name', c.relname,
    'kind', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END,
    ${namesOnly ? '' : whole}
    'estimated_rows', CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'p', 'm') THEN c.reltuples::bigint END,
    'bytes', CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END,
    'comment', obj_description(c.oid, 'pg_class')))
  FROM ${where(schema, table)} ORDER BY n.nspname, c.relname`
}

/** Whatever `standard_conforming_strings` says. */
function literal(text: string): string {
  return text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`
}
