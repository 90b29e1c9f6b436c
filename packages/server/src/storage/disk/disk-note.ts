// A disk of its own for a data directory: a file system in a file, which can share blocks where that of the machine cannot. What says
// that a directory has one is a note in it, twice: in the directory below, where it is seen while the disk is not mounted, and on the disk.
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { LakeletError } from '../../base/errors.ts'
import { syncDirectory, writeFileAtomic } from '../../base/files.ts'

/** The name of the note. */
export const DISK_NOTE = 'disk.json'

const note = z.object({
  format: z.literal(1),
  /** Absolute path of the file that holds the file system. */
  image: z.string(),
  fileSystem: z.enum(['xfs', 'btrfs']),
  madeAt: z.string(),
})

export type DiskNote = Readonly<z.output<typeof note>>
export type DiskFileSystem = DiskNote['fileSystem']

/** How a disk is mounted: no device files and no programs of other users from a file that may come from elsewhere. */
export const MOUNT_OPTIONS = 'loop,noatime,nodev,nosuid'

/** The note of a data directory; undefined where it has no disk. Throws `file_damaged`. */
export async function readDiskNote(dataDir: string): Promise<DiskNote | undefined> {
  const file = path.join(dataDir, DISK_NOTE)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  })
  if (text === undefined) return undefined
  const parsed = note.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const remedy =
    'It says in which file the disk of this data directory is: {"format":1,"image":"/path/of/the/file","fileSystem":"xfs","madeAt":""}. Write it anew.'
  throw new LakeletError('file_damaged', { file, reason: z.prettifyError(parsed.error), remedy })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export async function writeDiskNote(dataDir: string, content: DiskNote): Promise<void> {
  const file = path.join(dataDir, DISK_NOTE)
  await writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o644 })
  await syncDirectory(dataDir)
}

/** Whether something is mounted at `directory`. */
export async function isMountPoint(directory: string): Promise<boolean> {
  const [own, above] = await Promise.all([stat(directory), stat(path.dirname(directory))])
  return own.dev !== above.dev
}

/** What mounts a disk by hand. */
export function mountCommand(dataDir: string, { image }: DiskNote): string {
  return `sudo mount -o ${MOUNT_OPTIONS} ${quoted(image)} ${quoted(dataDir)}`
}

/** The line of /etc/fstab that mounts it at each start of the machine; blanks are written as it wants them. */
export function fstabLine(dataDir: string, { image, fileSystem }: DiskNote): string {
  const escaped = (name: string) =>
    name.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('\t', '\\011')
  return `${escaped(image)} ${escaped(dataDir)} ${fileSystem} ${MOUNT_OPTIONS},nofail 0 0`
}

function quoted(text: string): string {
  return /^[\w./+:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
