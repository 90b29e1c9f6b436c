// The workspace's metadata: one SQLite file (node:sqlite) queried through kysely. WAL with a full sync at each commit:
// what a request was told is stored is stored. SQLite runs inside this process, so a query never waits for another one's I/O
// on a network; kysely serialises transactions on the single connection.
import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect, type Transaction } from 'kysely'
import { migrate } from './migrate.ts'
import type { Tables } from './schema.ts'

/** Where queries run: the database itself or an open transaction. Every file of queries takes one. */
export type Queries = Kysely<Tables> | Transaction<Tables>

export interface Metadata extends AsyncDisposable {
  readonly db: Kysely<Tables>
  /** Runs `work` in one transaction; its rejection rolls everything back. */
  transaction<T>(work: (queries: Transaction<Tables>) => Promise<T>): Promise<T>
  /** A number that grows with every statement that may change a row: what was read at one revision is true as long as it stands. */
  revision(): number
}

/** Opens (or creates) the metadata file and brings its schema up to date; LakeletError `data_dir_newer` if it is ahead of this version. */
export async function openMetadata(file: string): Promise<Metadata> {
  // It holds the signing keys. SQLite gives its side files the mode of the main one.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const sqlite = new DatabaseSync(file)
  try {
    sqlite.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000',
    )
    migrate(sqlite)
  } catch (error) {
    sqlite.close()
    throw error
  }
  let revision = 0
  const database = adapt(sqlite, () => {
    revision += 1
  })
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  return {
    db,
    transaction: (work) => db.transaction().execute(work),
    revision: () => revision,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      if (sqlite.isOpen) sqlite.close()
    },
  }
}

/**
 * node:sqlite in the shape kysely's SQLite driver expects; prepared statements are kept by their text. `onChange` is called
 * before each run of a statement that is not just a SELECT.
 */
function adapt(sqlite: DatabaseSync, onChange: () => void) {
  const prepared = new Map<string, ReturnType<typeof prepare>>()
  const prepare = (sql: string) => {
    const statement = sqlite.prepare(sql)
    const isRollback = /^\s*rollback\s*$/i.test(sql)
    const note = /^\s*select\b/i.test(sql) ? () => {} : onChange
    return {
      reader: statement.columns().length > 0,
      all(values: readonly unknown[]) {
        note()
        return statement.all(...bindable(values))
      },
      run(values: readonly unknown[]) {
        // A full disk makes SQLite roll back by itself; a second time would fail and hide why (sqlite.org/lang_transaction.html).
        if (isRollback && !sqlite.isTransaction) return { changes: 0, lastInsertRowid: 0 }
        note()
        return statement.run(...bindable(values))
      },
      // Kysely streams the rows of a SELECT only.
      iterate: (values: readonly unknown[]) => statement.iterate(...bindable(values)),
    }
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

/** SQLite has no booleans; everything else kysely passes is bindable as it is. */
function bindable(values: readonly unknown[]): SQLInputValue[] {
  return values.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)))
}
