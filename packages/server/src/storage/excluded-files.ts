// What a clone of a data directory does without, as pg_basebackup does (src/backend/backup/basebackup.c,
// excludeDirContents and excludeFiles): Postgres makes it anew, or it belongs to the running source.
import path from 'node:path'

const EMPTIED = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]
const FILES = [
  'backup_label',
  'backup_label.old',
  'backup_manifest',
  'current_logfiles',
  'postmaster.opts',
  'postmaster.pid',
  'tablespace_map',
  'tablespace_map.old',
]

const WAL_DIRECTORIES = ['archive_status', 'summaries']

/** True for entries (relative to the data directory) that no clone takes along. WAL is decided by `isWal`. */
export function isExcluded(relative: string): boolean {
  const [first = '', ...rest] = relative.split(path.sep)
  const name = path.basename(relative)
  if (rest.length > 0 && EMPTIED.includes(first)) return true
  // What the source archived says nothing about the clone.
  if (rest.length > 1 && first === 'pg_wal' && WAL_DIRECTORIES.includes(rest[0] ?? '')) return true
  if (rest.length === 0 && FILES.includes(first)) return true
  return name.startsWith('pg_internal.init') || name.startsWith('pgsql_tmp')
}

/** True for files in pg_wal; its directories are taken along empty. */
export function isWal(relative: string): boolean {
  const [first, second] = relative.split(path.sep)
  return first === 'pg_wal' && second !== undefined && !WAL_DIRECTORIES.includes(second)
}
