// How texts are written into SQL.

/** A text as a literal of SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A name as a quoted identifier of SQL. */
export function identifier(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
