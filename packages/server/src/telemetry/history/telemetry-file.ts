// The file of what was measured: SQLite of its own, so that nothing that is measured ever waits for, or burdens, the metadata. A commit is there
// after a kill of the process; only a crash of the machine may take the last seconds, and none of it can be torn.
import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Logger } from '../../base/log.ts'
import { isDiskFull } from '../../base/disk-full.ts'
import { FIELD_NAMES } from './fields.ts'

/** Raised when a table changes its meaning; a file of another version is begun anew. */
const VERSION = 1

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS endpoints (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS samples (
    endpoint INTEGER NOT NULL, level INTEGER NOT NULL, at INTEGER NOT NULL,
    host_count INTEGER NOT NULL, database_count INTEGER NOT NULL, waits TEXT,
    ${FIELD_NAMES.map((name) => `${name} REAL`).join(', ')},
    PRIMARY KEY (endpoint, level, at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS states (
    endpoint INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (endpoint, at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS decisions (
    endpoint INTEGER NOT NULL, at INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (endpoint, at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS executed (
    endpoint INTEGER NOT NULL, level INTEGER NOT NULL, at INTEGER NOT NULL, statement TEXT NOT NULL,
    calls REAL NOT NULL, ms REAL NOT NULL, rows REAL NOT NULL, hit REAL NOT NULL, read REAL NOT NULL,
    PRIMARY KEY (endpoint, level, at, statement)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS statement_texts (
    endpoint INTEGER NOT NULL, statement TEXT NOT NULL, role TEXT NOT NULL, database TEXT NOT NULL, text TEXT,
    PRIMARY KEY (endpoint, statement)) WITHOUT ROWID;
  DROP TABLE IF EXISTS statements;
  DROP TABLE IF EXISTS texts;
  PRAGMA user_version = ${VERSION};`

/**
 * Opens the file or makes it. One that cannot be read is set aside under another name and begun anew: what was measured is worth less than a
 * workspace that starts.
 */
export function openTelemetryFile(file: string, log: Logger): DatabaseSync {
  try {
    return open(file)
  } catch (error) {
    if (isDiskFull(error)) throw error
    const aside = `${file}.damaged`
    log.warn({ err: error, aside }, 'what was measured of computes cannot be read and is begun anew')
    setAside(file, aside)
    return open(file)
  }
}

function open(file: string): DatabaseSync {
  // Texts of statements are nobody else's business. SQLite gives its side files the mode of the main one.
  closeSync(openSync(file, 'a', 0o600))
  const sqlite = new DatabaseSync(file)
  try {
    sqlite.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    sqlite.exec('PRAGMA busy_timeout = 1000; PRAGMA cache_size = -512; PRAGMA journal_size_limit = 1048576')
    const [check] = sqlite.prepare('PRAGMA quick_check(1)').all()
    if (check?.['quick_check'] !== 'ok') throw new Error(String(check?.['quick_check']))
    const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version !== 0 && version !== VERSION) throw new Error(`it is of version ${version}`)
    sqlite.exec(SCHEMA)
    return sqlite
  } catch (error) {
    sqlite.close()
    throw error
  }
}

function setAside(file: string, aside: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  renameSync(file, aside)
}
