// Where a cluster's socket lies: a directory of mode 0700 that belongs to the account of Postgres. The path of a unix
// socket is limited to 107 bytes, so a data directory with a long path keeps its sockets in the system's temporary one.
import { createHash } from 'node:crypto'
import { chown, lstat, mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { ownerOf, type PostgresHost } from './host.ts'
import { CLUSTER_PORT } from './settings.ts'

const LONGEST_SOCKET_PATH = 107

/** The directory for the socket of the cluster that `key` names; the same every time. */
export function socketDirectoryFor(host: PostgresHost, key: string): string {
  const name = shortHash(key)
  const near = path.join(host.dataDir, 'run', name)
  const isShort = Buffer.byteLength(path.join(near, `.s.PGSQL.${CLUSTER_PORT}`)) <= LONGEST_SOCKET_PATH
  return isShort ? near : path.join(tmpdir(), `lakelet-${shortHash(host.dataDir)}`, name)
}

/** Creates the directory if it is missing, for a server that is to start. Throws `postgres_socket_directory_taken` if somebody else made it. */
export async function ensureSocketDirectory(directory: string, host: PostgresHost): Promise<void> {
  const owner = ownerOf(host)
  const found = await lstat(directory).catch(() => undefined)
  if (!found) {
    await makeBelowParent(directory)
    await chown(directory, owner.uid, owner.gid)
  } else if (!found.isDirectory() || found.uid !== owner.uid || (found.mode & 0o077) !== 0) {
    // A crash between mkdir and chown leaves an empty directory of our own.
    if (!found.isDirectory() || found.uid !== process.getuid?.()) throw taken(directory)
    await chown(directory, owner.uid, owner.gid)
  }
  // Of a server that was killed: Postgres takes its pid for alive as long as nobody has waited for that process.
  await rm(path.join(directory, `.s.PGSQL.${CLUSTER_PORT}.lock`), { force: true })
}

/** The server of `pid` has ended: in the system's temporary directory nothing stays of it. One that has come after it keeps its socket. */
export async function releaseSocketDirectory(
  directory: string,
  host: PostgresHost,
  pid: number | undefined,
): Promise<void> {
  if (directory.startsWith(`${host.dataDir}${path.sep}`)) return
  // Its first line is the pid of whose socket that is (src/backend/utils/init/miscinit.c, CreateLockFile).
  const lock = await readFile(path.join(directory, `.s.PGSQL.${CLUSTER_PORT}.lock`), 'utf8').catch(() => '')
  if (lock !== '' && Number.parseInt(lock, 10) !== pid) return
  await rm(directory, { recursive: true, force: true })
  // Others of the workspace may be in it.
  await rmdir(path.dirname(directory)).catch(() => undefined)
}

/** The parent goes with the last server of the workspace that ends, which may be at this moment. */
async function makeBelowParent(directory: string): Promise<void> {
  for (;;) {
    await ensureParent(path.dirname(directory))
    try {
      await mkdir(directory, { mode: 0o700 })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** In a shared temporary directory anyone could have made it first; then it is not used. */
async function ensureParent(parent: string): Promise<void> {
  await mkdir(parent, { recursive: true, mode: 0o711 })
  const made = await lstat(parent)
  if (!made.isDirectory() || made.uid !== process.getuid?.() || (made.mode & 0o022) !== 0) throw taken(parent)
}

function taken(directory: string): LakeletError {
  return new LakeletError('postgres_socket_directory_taken', { directory })
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
