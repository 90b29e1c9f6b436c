// What there is of a disk, and making it larger or taking it away.
import { readdir, rm, stat, statfs, truncate } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import { DISK_NOTE, type DiskNote, fstabLine, isMountPoint, mountCommand, readDiskNote } from './disk-note.ts'
import { requireRoot, runTool } from './disk-tools.ts'
import { gigabytes, refuseFull } from './make-disk.ts'
import { mountDisk } from './mount-disk.ts'

/** Bytes everywhere. */
export interface DiskStatus {
  readonly note: DiskNote
  readonly isMounted: boolean
  /** Of the file; what it may grow to. */
  readonly size: number
  /** What the file takes on the disk of the machine so far. */
  readonly allocated: number
  /** Used and free on the disk, where it is mounted. */
  readonly used: number | undefined
  readonly free: number | undefined
  /** Free where the file is. Less than `size - allocated` means that the disk may fail before it is full. */
  readonly hostFree: number
  readonly mountCommand: string
  readonly fstabLine: string
}

/** The disk of a data directory; undefined where it has none. */
export async function diskStatus(dataDir: string): Promise<DiskStatus | undefined> {
  const note = await readDiskNote(dataDir)
  if (!note) return undefined
  const isMounted = await isMountPoint(dataDir)
  const image = await imageStat(dataDir, note)
  const host = await statfs(path.dirname(note.image))
  const own = isMounted ? await statfs(dataDir) : undefined
  return {
    note,
    isMounted,
    size: image.size,
    allocated: image.blocks * 512,
    used: own && (own.blocks - own.bfree) * own.bsize,
    free: own && own.bavail * own.bsize,
    hostFree: host.bavail * host.bsize,
    mountCommand: mountCommand(dataDir, note),
    fstabLine: fstabLine(dataDir, note),
  }
}

/** Makes a disk larger while it is used; mounts it first where it is not. Throws the errors `disk_…`. */
export async function growDisk(dataDir: string, bytes: number): Promise<void> {
  requireRoot('`lakelet storage grow`')
  const note = await noteOf(dataDir)
  const { size, blocks } = await imageStat(dataDir, note)
  if (bytes <= size)
    throw new LakeletError('disk_too_small', {
      size: gigabytes(bytes),
      least: `more than ${gigabytes(size)}`,
    })
  await refuseFull(path.dirname(note.image), bytes - blocks * 512)
  if (!(await isMountPoint(dataDir))) await mountDisk(dataDir, note)
  await truncate(note.image, bytes)
  const devices = await runTool('losetup', ['--associated', note.image, '--noheadings', '--output', 'NAME'])
  for (const device of devices.split('\n')) await runTool('losetup', ['--set-capacity', device.trim()])
  if (note.fileSystem === 'xfs') await runTool('xfs_growfs', ['-d', dataDir])
  else await runTool('btrfs', ['filesystem', 'resize', 'max', dataDir])
}

/** Takes away a disk on which nothing is. Throws `disk_in_the_way` where something is, and the other errors `disk_…`. */
export async function removeDisk(dataDir: string): Promise<DiskNote> {
  requireRoot('`lakelet storage remove`')
  const note = await noteOf(dataDir)
  await imageStat(dataDir, note)
  if (!(await isMountPoint(dataDir))) await mountDisk(dataDir, note)
  const names = (await readdir(dataDir)).filter((name) => name !== DISK_NOTE)
  if (names.length > 0)
    throw new LakeletError('disk_in_the_way', {
      place: dataDir,
      why: `holds data (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`,
      todo: 'stop the workspace and move what you need elsewhere; what is not needed, delete yourself',
    })
  await runTool('umount', [dataDir])
  await rm(path.join(dataDir, DISK_NOTE))
  await rm(note.image)
  return note
}

async function noteOf(dataDir: string): Promise<DiskNote> {
  const note = await readDiskNote(dataDir)
  if (note) return note
  throw new LakeletError('disk_missing', { directory: dataDir })
}

async function imageStat(dataDir: string, { image }: DiskNote) {
  const found = await stat(image).catch(() => undefined)
  if (found?.isFile()) return found
  throw new LakeletError('disk_image_missing', {
    directory: dataDir,
    image,
    note: path.join(dataDir, DISK_NOTE),
  })
}
