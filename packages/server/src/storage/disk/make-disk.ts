// Making the disk of a data directory, and moving what is in the directory onto it. Until the note is written into the directory, which
// is one rename, nothing there has changed; from then on the disk is what counts.
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
} from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'
import { flushTree } from '../../base/flush-tree.ts'
import { copyExactly } from './copy-exactly.ts'
import {
  type DiskFileSystem,
  type DiskNote,
  DISK_NOTE,
  isMountPoint,
  readDiskNote,
  writeDiskNote,
} from './disk-note.ts'
import { makeFileSystem, requireLoopDevices, requireRoot, runTool } from './disk-tools.ts'
import { mountDisk, mountImage, placeBefore } from './mount-disk.ts'
import { usersOf } from './open-files.ts'

export interface MakeDiskOptions {
  /** Absolute. */
  readonly dataDir: string
  /** The directory that the image is put into; beside the data directory when left out. */
  readonly imageDir?: string | undefined
  readonly bytes: number
  readonly fileSystem: DiskFileSystem
  /** Takes along what is in the directory, which nobody may use meanwhile. */
  readonly migrate: boolean
  /** Who is to own a directory that is not there yet. */
  readonly owner: { readonly uid: number; readonly gid: number }
  readonly onProgress?: (message: string) => void
}

/** What was made. */
export interface MadeDisk {
  readonly note: DiskNote
  /** Where what was in the directory is now, beside its copy on the disk. */
  readonly before: string | undefined
}

export const SMALLEST_BYTES = 1024 ** 3
/** What the file system takes for itself, and some room to begin with. */
const SPARE_BYTES = 512 * 1024 ** 2

/** Refuses what cannot be, before anything is changed. Throws the errors `disk_…`. */
export async function checkDisk(options: MakeDiskOptions): Promise<void> {
  const { dataDir, bytes, migrate } = options
  requireRoot('`lakelet storage init`')
  const names = await namesIn(dataDir)
  if (await readDiskNote(dataDir))
    throw inTheWay(
      dataDir,
      'has a disk already',
      '`lakelet storage status` shows it, `storage grow` makes it larger',
    )
  if (names !== undefined && (await isMountPoint(dataDir)))
    throw inTheWay(dataDir, 'is a file system of its own already', 'name another one with --data-dir')
  if (names !== undefined && names.length > 0 && !migrate)
    throw inTheWay(dataDir, 'is not empty', '--migrate moves what is in it onto the disk')
  const image = imageOf(options)
  if (`${image}/`.startsWith(`${dataDir}/`))
    throw inTheWay(
      image,
      'would be in the data directory, below what is mounted there',
      'name another one with --dir',
    )
  if (await exists(image))
    throw inTheWay(
      image,
      'is there already',
      'name another folder with --dir, or remove the file if nobody needs it',
    )
  if (names?.length && (await exists(placeBefore(dataDir))))
    throw inTheWay(
      placeBefore(dataDir),
      'is there already',
      'remove it: it is what an earlier --migrate left',
    )
  await requireLoopDevices()
  await refuseSize(path.dirname(image), bytes, names === undefined ? 0 : await usedBytes(dataDir))
}

/** Makes the disk, moves the data onto it and mounts it. The caller has checked, and holds the lock of a directory that is there. */
export async function makeDisk(options: MakeDiskOptions): Promise<MadeDisk> {
  const { dataDir, fileSystem, bytes, onProgress = () => undefined } = options
  const image = imageOf(options)
  const note: DiskNote = { format: 1, image, fileSystem, madeAt: new Date().toISOString() }
  const building = `${image}.building`
  await mkdir(path.dirname(image), { recursive: true, mode: 0o755 })
  await rm(building, { force: true })
  try {
    onProgress(`making ${image}`)
    await makeImage(building, bytes)
    await makeFileSystem(building, fileSystem)
    await fill(building, options, note)
    await rename(building, image)
    await syncDirectory(path.dirname(image))
  } catch (error) {
    await rm(building, { force: true })
    throw error
  }
  const isMoved = ((await namesIn(dataDir)) ?? []).length > 0
  await makeDirectory(options)
  await writeDiskNote(dataDir, note).catch(async (error: unknown) => {
    await rm(image, { force: true })
    throw error
  })
  onProgress(`mounting it at ${dataDir}`)
  await mountDisk(dataDir, note).catch(async (error: unknown) => {
    // An empty directory is as it was; one that was moved stays on the disk, where it is whole.
    if (!isMoved) {
      await rm(path.join(dataDir, DISK_NOTE), { force: true })
      await rm(image, { force: true })
    }
    throw error
  })
  return { note, before: isMoved ? placeBefore(dataDir) : undefined }
}

/** Puts onto the disk what is to be there, at a place of its own, and unmounts it again. */
async function fill(building: string, options: MakeDiskOptions, note: DiskNote): Promise<void> {
  const { dataDir, onProgress = () => undefined } = options
  const place = await mkdtemp(path.join(path.dirname(building), '.lakelet-disk-'))
  try {
    await mountImage(building, place)
    try {
      const found = await stat(dataDir).catch(() => undefined)
      if (found) {
        onProgress('copying and comparing what is in the directory')
        await refuseUsed(dataDir)
        await copyExactly(dataDir, place)
        await refuseUsed(dataDir)
      }
      await chown(place, found?.uid ?? options.owner.uid, found?.gid ?? options.owner.gid)
      await chmod(place, found ? found.mode & 0o7777 : 0o711)
      await writeDiskNote(place, note)
      await flushTree(place)
    } finally {
      await runTool('umount', [place])
    }
  } finally {
    await rmdir(place)
  }
}

function imageOf({ dataDir, imageDir }: MakeDiskOptions): string {
  return path.join(imageDir ?? path.dirname(dataDir), `${path.basename(dataDir)}.disk`)
}

/** A sparse file: it takes room as it is written to. */
async function makeImage(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function makeDirectory({ dataDir, owner }: MakeDiskOptions): Promise<void> {
  if (await exists(dataDir)) return
  const first = await mkdir(dataDir, { recursive: true, mode: 0o711 })
  if (first !== undefined) await chown(dataDir, owner.uid, owner.gid)
}

async function refuseSize(directory: string, bytes: number, used: number): Promise<void> {
  const least = Math.max(SMALLEST_BYTES, Math.ceil(used * 1.1) + (used > 0 ? SPARE_BYTES : 0))
  if (bytes < least)
    throw new LakeletError('disk_too_small', { size: gigabytes(bytes), least: gigabytes(least) })
  await refuseFull(directory, bytes)
}

/** A disk for which the machine has no room would one day fail in the middle of a write. */
export async function refuseFull(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(await existing(directory))
  const free = bavail * bsize
  if (bytes > free)
    throw new LakeletError('disk_no_room', { directory, needed: gigabytes(bytes), free: gigabytes(free) })
}

async function refuseUsed(dataDir: string): Promise<void> {
  const [user] = await usersOf(dataDir)
  if (user)
    throw inTheWay(
      dataDir,
      `is in use by process ${user.pid} (${user.name})`,
      'end it: `lakelet up` and then `lakelet down` end what a killed workspace left',
    )
}

function inTheWay(place: string, why: string, todo: string): LakeletError {
  return new LakeletError('disk_in_the_way', { place, why, todo })
}

async function namesIn(directory: string): Promise<string[] | undefined> {
  return readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
}

async function usedBytes(directory: string): Promise<number> {
  const [kilobytes = '0'] = (await runTool('du', ['-sk', directory])).split('\t')
  return Number(kilobytes) * 1024
}

async function existing(directory: string): Promise<string> {
  return (await exists(directory)) ? directory : existing(path.dirname(directory))
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/** Gigabytes of 1024³ bytes as they are printed. */
export function gigabytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1)
}
