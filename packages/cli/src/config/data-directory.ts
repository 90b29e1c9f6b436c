// How a data directory is told from any other: by what every workspace puts into its own.
import { access, stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '@lakelet/api'
import { usageFailure } from '../command/failure.ts'

/** The file that lies in every data directory from its first start on. */
const LOCK = 'lock'
/** One of these lies beside it, whatever was damaged or removed. */
const COMPANIONS: readonly string[] = ['metadata.sqlite', 'lock.pid', 'lakelet.log', 'databrickscfg', 'tls']

/** Whether `directory` is the data directory of a workspace, running or not. */
export async function isDataDirectory(directory: string): Promise<boolean> {
  if (!(await isThere(path.join(directory, LOCK)))) return false
  const found = await Promise.all(COMPANIONS.map((name) => isThere(path.join(directory, name))))
  return found.includes(true)
}

/** Throws a LakeletError when another user's workspace lives in `directory`: what is written there would lock that user out. */
export async function refuseForeignDataDirectory(directory: string): Promise<void> {
  const own = process.getuid?.()
  const owner = await stat(path.join(directory, LOCK)).then(
    ({ uid }) => uid,
    () => undefined,
  )
  if (own === undefined || owner === undefined || owner === own) return
  const name = (uid: number) => (uid === 0 ? 'root' : String(uid))
  throw new LakeletError('data_dir_foreign', { directory, owner: name(owner), user: name(own) })
}

/** Throws a Failure when `folder` is a data directory or lies in one: what is in it leaves the machine by no upload. */
export async function refuseDataDirectory(folder: string): Promise<void> {
  for (const each of ancestorsOf(folder)) {
    if (!(await isDataDirectory(each))) continue
    throw usageFailure(
      `${folder} is not uploaded: ${each} is the data directory of a workspace and holds its keys, tokens and databases.`,
      'Name the folder of your source.',
    )
  }
}

/** `directory` and everything above it, the nearest first. */
export function ancestorsOf(directory: string): string[] {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestorsOf(parent)]
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
