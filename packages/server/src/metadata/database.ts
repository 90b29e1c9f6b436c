// The workspace's metadata: one SQLite file (node:sqlite) queried through kysely. WAL with a full sync at each commit:
// what a request was told is stored is stored. SQLite runs inside this process, so a query never waits for another one's I/O
// on a network; kysely serialises transactions on the single connection.
import { chmodSync, closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteDialect, type Transaction } from 'kysely'
import { Changes } from '../base/changes.ts'
import { LakeletError } from '../base/errors.ts'
import { backUp, backupsOf, copyWhole, newestGoodBackup } from './backups.ts'
import { changedTopics } from './changed-topics.ts'
import { checkMetadataFile } from './check-file.ts'
import { hasPendingMigrations, migrate } from './migrate.ts'
import type { Tables } from './schema.ts'
import { sqliteForKysely } from './sqlite-adapter.ts'

/** Where queries run: the database itself or an open transaction. Every file of queries takes one. */
export type Queries = Kysely<Tables> | Transaction<Tables>

export interface Metadata extends AsyncDisposable {
  readonly db: Kysely<Tables>
  /** Runs `work` in one transaction; its rejection rolls everything back. */
  transaction<T>(work: (queries: Transaction<Tables>) => Promise<T>): Promise<T>
  /** What changed: each statement that may change rows is noted under the topics of its table, and what was read of a topic is true until then. */
  readonly changes: Changes
  /** Copies all that is stored now to a new file in the directory of backups, which is returned; old ones go. */
  backUp(): Promise<string>
  /** Copies all that is stored now to the new file `to`. */
  copyTo(to: string): Promise<void>
}

/**
 * Opens (or creates) the metadata file and brings its schema up to date, after a backup where that changes something. LakeletErrors:
 * `metadata_damaged` and `metadata_foreign` name the file and what to do, `data_dir_newer` if it is ahead of this version.
 * Each statement that may change rows is noted in `changes` under the topics of its table.
 */
export async function openMetadata(file: string, changes: Changes = new Changes()): Promise<Metadata> {
  refuseDamaged(file)
  // It holds the signing keys. SQLite gives its side files the mode of the main one.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const sqlite = new DatabaseSync(file)
  try {
    sqlite.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000',
    )
    if (hasPendingMigrations(sqlite)) await backUp(sqlite, backupsOf(file))
    migrate(sqlite)
  } catch (error) {
    sqlite.close()
    throw error
  }
  const topicsOf = changedTopics(sqlite)
  const database = sqliteForKysely(sqlite, (sql) => {
    const topics = topicsOf(sql)
    return () => {
      changes.note(topics)
    }
  })
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  return {
    db,
    transaction: (work) => db.transaction().execute(work),
    changes,
    backUp: () => backUp(sqlite, backupsOf(file)),
    copyTo: (to) => copyWhole(sqlite, to),
    async [Symbol.asyncDispose]() {
      await db.destroy()
      if (sqlite.isOpen) sqlite.close()
    },
  }
}

function refuseDamaged(file: string): void {
  const state = checkMetadataFile(file)
  const remedy = remedyFor(file)
  if (state.kind === 'damaged')
    throw new LakeletError('metadata_damaged', { file, reason: state.reason, remedy })
  if (state.kind === 'foreign')
    throw new LakeletError('metadata_foreign', {
      file,
      owner: 'another program',
      directory: path.dirname(file),
      remedy,
    })
}

/** What to do about a metadata file that cannot be used, with the newest good backup by name. */
export function remedyFor(file: string, workspaceId?: string): string {
  const backup = newestGoodBackup(backupsOf(file), workspaceId)
  const command = `\`lakelet repair --data-dir ${path.dirname(file)}\``
  return backup === undefined
    ? `There is no good backup in ${backupsOf(file)}. Put the right file back, or run ${command}, which makes the metadata again from the manifests of the branches.`
    : `The newest good backup is ${backup}. Put the right file back, or run ${command}, which restores that backup and takes what is newer from the manifests of the branches.`
}
