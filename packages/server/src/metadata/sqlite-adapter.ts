// node:sqlite in the shape that kysely's SQLite driver expects.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/**
 * Prepared statements are kept by their text. What `onChange` returns for a statement that is not just a SELECT is called before each of
 * its runs.
 */
export function sqliteForKysely(sqlite: DatabaseSync, onChange: (sql: string) => () => void) {
  const prepared = new Map<string, ReturnType<typeof prepare>>()
  const prepare = (sql: string) => {
    const statement = sqlite.prepare(sql)
    const note = /^\s*select\b/i.test(sql) ? () => {} : onChange(sql)
    // After some errors (a full disk is one) SQLite has rolled back by itself, and a second rollback would hide the reason.
    const isNeedless = /^\s*rollback\s*$/i.test(sql) ? () => !sqlite.isTransaction : () => false
    return adapted(statement, note, isNeedless)
  }
  return {
    prepare(sql: string) {
      const known = prepared.get(sql)
      if (known) return known
      const statement = prepare(sql)
      prepared.set(sql, statement)
      return statement
    },
    close: () => {
      sqlite.close()
    },
  }
}

function adapted(statement: StatementSync, note: () => void, isNeedless: () => boolean) {
  return {
    reader: statement.columns().length > 0,
    all(values: readonly unknown[]) {
      note()
      return statement.all(...bindable(values))
    },
    run(values: readonly unknown[]) {
      note()
      if (isNeedless()) return { changes: 0, lastInsertRowid: 0 }
      return statement.run(...bindable(values))
    },
    // Kysely streams the rows of a SELECT only.
    iterate: (values: readonly unknown[]) => statement.iterate(...bindable(values)),
  }
}

/** SQLite has no booleans; everything else kysely passes is bindable as it is. */
function bindable(values: readonly unknown[]): SQLInputValue[] {
  return values.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)))
}
