// The lists of psql's commands: what they ask the catalogs of Postgres (documentation, "System Catalogs").
import type { TableColumn } from './aligned-table.ts'
import { matching } from './name-pattern.ts'

export interface CatalogList {
  readonly title: string
  readonly columns: readonly TableColumn[]
  readonly sql: string
}

const RELATION = { schema: 'n.nspname', name: 'c.relname', isVisible: 'pg_table_is_visible(c.oid)' }

/** Letters of psql's commands, and the kinds of pg_class that they stand for. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  t: ['r', 'p'],
  v: ['v'],
  m: ['m'],
  i: ['i', 'I'],
  s: ['S'],
  E: ['f'],
}

/** `letters` of `\dtv`; none stands for all but indexes. */
export function relations(letters: string, pattern: string | undefined, isLong: boolean): CatalogList {
  const chosen = letters === '' ? 'tvmsE' : letters
  const kinds = chosen.split('').flatMap((letter) => KINDS[letter] ?? [])
  return {
    title: 'List of relations',
    columns: texts('Schema', 'Name', 'Type', 'Owner', ...(isLong ? ['Size', 'Description'] : [])),
    sql: `SELECT n.nspname, c.relname, ${KIND}, pg_get_userbyid(c.relowner)${
      isLong ? `, pg_size_pretty(pg_table_size(c.oid)), coalesce(obj_description(c.oid, 'pg_class'), '')` : ''
    }
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}) AND n.nspname !~ '^pg_toast' AND ${matching(pattern, RELATION)}
ORDER BY 1, 2`,
  }
}

/** What is described: oid, schema, name and kind of each relation that `pattern` matches. */
export function described(pattern: string): string {
  return `SELECT c.oid, n.nspname, c.relname, c.relkind, ${KIND}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${matching(pattern, RELATION)} AND n.nspname !~ '^pg_toast' ORDER BY 2, 3 LIMIT 50`
}

const KIND = `CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE c.relkind::text END`

/** The lists whose command is one word. */
export const LISTS: Readonly<Record<string, (pattern: string | undefined) => CatalogList>> = {
  dn: (pattern) => ({
    title: 'List of schemas',
    columns: texts('Name', 'Owner'),
    sql: `SELECT n.nspname, pg_get_userbyid(n.nspowner) FROM pg_namespace n
WHERE ${matching(pattern, pattern === undefined ? { schema: 'n.nspname', name: '' } : { name: 'n.nspname' })} ORDER BY 1`,
  }),
  du: (pattern) => ({
    title: 'List of roles',
    columns: texts('Role name', 'Attributes', 'Member of'),
    sql: `SELECT r.rolname, concat_ws(', ', CASE WHEN r.rolsuper THEN 'Superuser' END, CASE WHEN NOT r.rolinherit THEN 'No inheritance' END,
  CASE WHEN r.rolcreaterole THEN 'Create role' END, CASE WHEN r.rolcreatedb THEN 'Create DB' END, CASE WHEN NOT r.rolcanlogin THEN 'Cannot login' END,
  CASE WHEN r.rolreplication THEN 'Replication' END, CASE WHEN r.rolbypassrls THEN 'Bypass RLS' END,
  CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit || ' connections' END, 'Password valid until ' || r.rolvaliduntil),
  (SELECT coalesce(string_agg(b.rolname, ', ' ORDER BY b.rolname), '') FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid WHERE m.member = r.oid)
FROM pg_roles r WHERE ${pattern === undefined ? "r.rolname !~ '^pg_'" : matching(pattern, { name: 'r.rolname' })} ORDER BY 1`,
  }),
  l: (pattern) => ({
    title: 'List of databases',
    columns: texts('Name', 'Owner', 'Encoding', 'Collate', 'Access privileges'),
    sql: `SELECT d.datname, pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate, coalesce(array_to_string(d.datacl, E'\\n'), '')
FROM pg_database d WHERE ${matching(pattern, { name: 'd.datname' })} ORDER BY 1`,
  }),
  df: (pattern) => ({
    title: 'List of functions',
    columns: texts('Schema', 'Name', 'Result data type', 'Argument data types', 'Type'),
    sql: `SELECT n.nspname, p.proname, coalesce(pg_get_function_result(p.oid), ''), pg_get_function_arguments(p.oid),
  CASE p.prokind WHEN 'a' THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE ${matching(pattern, { schema: 'n.nspname', name: 'p.proname', isVisible: 'pg_function_is_visible(p.oid)' })} ORDER BY 1, 2, 4`,
  }),
  dx: (pattern) => ({
    title: 'List of installed extensions',
    columns: texts('Name', 'Version', 'Schema', 'Description'),
    sql: `SELECT e.extname, e.extversion, n.nspname, coalesce(obj_description(e.oid, 'pg_extension'), '')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE ${matching(pattern, { name: 'e.extname' })} ORDER BY 1`,
  }),
  dp: (pattern) => ({
    title: 'Access privileges',
    columns: texts('Schema', 'Name', 'Type', 'Access privileges', 'Policies'),
    sql: `SELECT n.nspname, c.relname, ${KIND}, coalesce(array_to_string(c.relacl, E'\\n'), ''),
  (SELECT coalesce(string_agg(polname, E'\\n' ORDER BY polname), '') FROM pg_policy WHERE polrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${matching(pattern, RELATION)} ORDER BY 1, 2`,
  }),
}

/** Columns of text with these names. */
export function texts(...names: readonly string[]): TableColumn[] {
  return names.map((name) => ({ name, isNumber: false }))
}
