// The SQL of the table pages: written so that it can be read before it runs.

export interface TableShape {
  readonly schema: string
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly columns: readonly TableColumn[]
}

export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly isKey: boolean
}

export type Values = Readonly<Record<string, string | null>>

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A literal of unknown type, which Postgres reads as the column's. */
export function literal(value: string | null): string {
  if (value === null) return 'NULL'
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

function relation({ schema, name }: Pick<TableShape, 'schema' | 'name'>): string {
  return `${identifier(schema)}.${identifier(name)}`
}

/** Columns with their types, and which of them are the primary key. */
export function shapeSql(schema: string, name: string): string {
  return `select a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
  coalesce(a.attnum = any(i.indkey), false) as key
from pg_catalog.pg_attribute a
left join pg_catalog.pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = ${literal(`${identifier(schema)}.${identifier(name)}`)}::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum`
}

/** A page of rows: by key, beginning after the last one of the page before. Without a key, the first rows there are. */
export function pageSql(
  table: TableShape,
  options: { readonly after?: Values | undefined; readonly condition: string; readonly limit: number },
): string {
  const keys = table.columns.filter(({ isKey }) => isKey).map(({ name }) => name)
  const conditions: string[] = []
  if (options.condition.trim() !== '') conditions.push(`(${options.condition}\n)`)
  if (options.after && keys.length > 0) {
    const left = keys.map(identifier).join(', ')
    const right = keys.map((key) => literal(options.after?.[key] ?? null)).join(', ')
    conditions.push(`(${left}) > (${right})`)
  }
  return [
    `SELECT * FROM ${relation(table)}`,
    ...(conditions.length > 0 ? [`WHERE ${conditions.join('\n  AND ')}`] : []),
    ...(keys.length > 0 ? [`ORDER BY ${keys.map(identifier).join(', ')}`] : []),
    `LIMIT ${options.limit}`,
  ].join('\n')
}

export function insertSql(table: TableShape, values: Values): string {
  const names = Object.keys(values)
  if (names.length === 0) return `INSERT INTO ${relation(table)} DEFAULT VALUES`
  const columns = names.map(identifier).join(', ')
  return `INSERT INTO ${relation(table)} (${columns})\nVALUES (${names.map((name) => literal(values[name] ?? null)).join(', ')})`
}

/** Changes one row, if it is still as it was read. */
export function updateSql(table: TableShape, before: Values, after: Values): string {
  const sets = Object.entries(after).map(([name, value]) => `${identifier(name)} = ${literal(value)}`)
  return `UPDATE ${relation(table)}\nSET ${sets.join(', ')}\nWHERE ${sameRow(table, before, Object.keys(after))}`
}

export function deleteSql(table: TableShape, row: Values): string {
  return `DELETE FROM ${relation(table)}\nWHERE ${sameRow(table, row, [])}`
}

/** The row of the key, with the old values of `checked` columns, as texts: not every type can be compared. */
function sameRow(table: TableShape, row: Values, checked: readonly string[]): string {
  const key = table.columns
    .filter(({ isKey }) => isKey)
    .map(({ name }) => `${identifier(name)} = ${literal(row[name] ?? null)}`)
  const old = checked.map(
    (name) => `${identifier(name)}::text IS NOT DISTINCT FROM ${literal(row[name] ?? null)}`,
  )
  return [...key, ...old].join(' AND ')
}
