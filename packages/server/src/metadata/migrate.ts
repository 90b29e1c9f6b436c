// Schema migrations: numbered .sql files, applied in order, each in its own transaction. A file that has been released is never edited.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { LakeletError } from '../base/errors.ts'

const directory = path.join(import.meta.dirname, 'migrations')

/** Applies what is missing. LakeletError `data_dir_newer` when the file holds migrations that this version does not know. */
export function migrate(sqlite: DatabaseSync): void {
  sqlite.exec(
    'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT',
  )
  const known = knownMigrations()
  const applied = appliedMigrations(sqlite)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new LakeletError('data_dir_newer', { migrations: unknown.join(', ') })
  for (const name of known.filter((each) => !applied.includes(each))) apply(sqlite, name)
}

/** True when the file holds something that `migrate` is about to change. */
export function hasPendingMigrations(sqlite: DatabaseSync): boolean {
  const isOurs = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get() !== undefined
  if (!isOurs) return false
  const applied = appliedMigrations(sqlite)
  return applied.length > 0 && knownMigrations().some((name) => !applied.includes(name))
}

function knownMigrations(): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
}

function appliedMigrations(sqlite: DatabaseSync): string[] {
  return sqlite
    .prepare('SELECT name FROM migrations')
    .all()
    .map((row) => String(row['name']))
}

function apply(sqlite: DatabaseSync, name: string): void {
  sqlite.exec('BEGIN IMMEDIATE')
  try {
    sqlite.exec(readFileSync(path.join(directory, name), 'utf8'))
    sqlite
      .prepare('INSERT INTO migrations (name, applied_at) VALUES (?, ?)')
      .run(name, new Date().toISOString())
    sqlite.exec('COMMIT')
  } catch (error) {
    sqlite.exec('ROLLBACK')
    throw new Error(`apply migration ${name}`, { cause: error })
  }
}
