// The archiver of Postgres, done by the workspace: Postgres names what is complete by a file `<name>.ready` in pg_wal/archive_status and keeps it
// until that is called `<name>.done` (src/backend/postmaster/pgarch.c). No command of a shell, no path of this host in any setting, and a
// store that need not be a directory.
import { readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory } from '../../base/files.ts'
import type { ArchiveStore } from './store.ts'
import { isArchivedName, isHistory } from './wal-names.ts'

/**
 * Archives what Postgres has completed in a data directory, awake or asleep; returns the names. What is archived twice, because a
 * crash came before Postgres was told, does no harm. One at a time for a data directory; stops at the first that fails, and throws why.
 */
export async function archiveReady(dataDirectory: string, store: ArchiveStore): Promise<string[]> {
  const wal = path.join(dataDirectory, 'pg_wal')
  const status = path.join(wal, 'archive_status')
  const ready = await readyNames(status)
  const done: string[] = []
  try {
    for (const name of ready) {
      const file = path.join(wal, name)
      // As pgarch.c: the file is gone, so is its mark.
      if (await isThere(file)) {
        await store.put(name, file)
        await rename(path.join(status, `${name}.ready`), path.join(status, `${name}.done`)).catch(ignoreGone)
        done.push(name)
      } else await rm(path.join(status, `${name}.ready`), { force: true })
    }
  } finally {
    if (done.length > 0) await syncDirectory(status)
  }
  return done
}

/** How many files of the log Postgres has completed that are not in the archive. */
export async function countReady(dataDirectory: string): Promise<number> {
  return (await readyNames(path.join(dataDirectory, 'pg_wal', 'archive_status'))).length
}

/** Histories first, as without them segments say nothing; then the oldest. */
async function readyNames(status: string): Promise<string[]> {
  const names = (await readdir(status))
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -'.ready'.length))
    .filter(isArchivedName)
  return names.toSorted(
    (one, other) => Number(isHistory(other)) - Number(isHistory(one)) || (one < other ? -1 : 1),
  )
}

/** A mark that is gone was taken by a workspace that was killed only a moment ago, which did the same. */
function ignoreGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    },
  )
}
