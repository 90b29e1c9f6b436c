// The data directory: where everything of a workspace lives, and the lock that lets only one process use it.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDiskFull } from '../base/disk-full.ts'
import { writeFileAtomic } from '../base/files.ts'
import { LakeletError } from '../base/errors.ts'
import { ensureMounted } from '../storage/index.ts'

export interface DataDirectory extends AsyncDisposable {
  readonly path: string
  /** The path of something inside. */
  file(...names: readonly string[]): string
}

/**
 * Creates `directory` when it is missing and takes its lock until disposed; the lock also ends with the process, however that ends.
 * LakeletError `data_dir_in_use` names the process that holds it, `data_dir_unusable` says why the directory cannot be used. A disk of
 * its own (`lakelet storage init`) is mounted first by root; to others `disk_not_mounted` says how.
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const root = path.resolve(directory)
  createDirectory(root)
  await ensureMounted(root)
  refuseForeign(root)
  const ownerFile = path.join(root, 'lock.pid')
  const lock = takeLock(path.join(root, 'lock'), root, ownerFile)
  await writeFileAtomic(ownerFile, `${process.pid}\n`, { mode: 0o644 })
  await keepOutOfRepositories(path.join(root, '.gitignore'))
  return {
    path: root,
    file: (...names) => path.join(root, ...names),
    [Symbol.asyncDispose]() {
      rmSync(ownerFile, { force: true })
      lock.close()
      return Promise.resolve()
    },
  }
}

/** Keys, tokens and databases belong into no repository and no upload: git and all tools that ask it leave the directory out. */
async function keepOutOfRepositories(file: string): Promise<void> {
  if (!existsSync(file)) await writeFileAtomic(file, '*\n', { mode: 0o644 })
}

function createDirectory(root: string): void {
  try {
    // Searchable for all: Postgres runs as another user when Lakelet is started by root. What is private inside has modes of its own.
    mkdirSync(root, { recursive: true, mode: 0o711 })
  } catch (error) {
    throw unusable(root, error)
  }
  if (!statSync(root).isDirectory()) {
    throw new LakeletError('data_dir_unusable', { directory: root, reason: 'it is not a directory' })
  }
}

/** Files of two owners in one directory lock both out, so what another user began is refused before anything is written. */
function refuseForeign(root: string): void {
  const own = process.getuid?.()
  const owner = statSync(path.join(root, 'lock'), { throwIfNoEntry: false })?.uid
  if (own === undefined || owner === undefined || owner === own) return
  throw new LakeletError('data_dir_foreign', { directory: root, owner: nameOf(owner), user: nameOf(own) })
}

/** A user as `chown` takes it, too. */
function nameOf(uid: number): string {
  return uid === 0 ? 'root' : String(uid)
}

/** An exclusive SQLite transaction: a lock of the operating system on the file, so no stale lock can be left behind. */
function takeLock(file: string, root: string, ownerFile: string): DatabaseSync {
  let lock: DatabaseSync
  try {
    lock = new DatabaseSync(file)
  } catch (error) {
    throw unusable(root, error)
  }
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!/locked/.test(reasonOf(error))) {
      throw unusable(root, error)
    }
    throw new LakeletError('data_dir_in_use', { directory: root, pid: readPid(ownerFile) }, { cause: error })
  }
}

function unusable(directory: string, cause: unknown): LakeletError {
  if (isDiskFull(cause)) return new LakeletError('disk_full', {}, { cause })
  return new LakeletError('data_dir_unusable', { directory, reason: reasonOf(cause) }, { cause })
}

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
