// Mounting the disk of a data directory, and going on with a move onto it that was cut off.
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'
import {
  DISK_NOTE,
  type DiskNote,
  isMountPoint,
  MOUNT_OPTIONS,
  mountCommand,
  readDiskNote,
} from './disk-note.ts'
import { runTool } from './disk-tools.ts'

/** Where a move onto a disk leaves what was in the directory. */
export function placeBefore(dataDir: string): string {
  return `${dataDir}.before-disk`
}

/**
 * Sees to it that the disk of a data directory is mounted, where it has one: root mounts it, everybody else is told how. Whoever wrote
 * into the directory without it would begin a second, empty workspace. Throws `disk_not_mounted`, `disk_image_missing`, `disk_failed`.
 */
export async function ensureMounted(dataDir: string): Promise<void> {
  const note = await readDiskNote(dataDir)
  if (!note || (await isMountPoint(dataDir))) return
  if (process.getuid?.() !== 0 || process.platform !== 'linux') {
    const command = mountCommand(dataDir, note)
    throw new LakeletError('disk_not_mounted', { directory: dataDir, image: note.image, command })
  }
  await mountDisk(dataDir, note)
}

/** Mounts a disk. What a move that was cut off left in the directory is moved beside it first: it is on the disk already. */
export async function mountDisk(dataDir: string, note: DiskNote): Promise<void> {
  const isThere = await stat(note.image).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isThere)
    throw new LakeletError('disk_image_missing', {
      directory: dataDir,
      image: note.image,
      note: path.join(dataDir, DISK_NOTE),
    })
  await moveBeside(dataDir)
  await mountImage(note.image, dataDir)
}

export async function mountImage(image: string, directory: string): Promise<void> {
  await runTool('mount', ['-o', MOUNT_OPTIONS, image, directory])
}

/** Moves all but the note of the disk out of a directory. */
async function moveBeside(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name !== DISK_NOTE)
  if (names.length === 0) return
  const place = await freePlace(placeBefore(dataDir))
  for (const name of names) await rename(path.join(dataDir, name), path.join(place, name))
  await syncDirectory(place)
  await syncDirectory(dataDir)
}

/** Makes `place`, or the first of `place-2`, `place-3`, … that is not there yet. */
async function freePlace(place: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? place : `${place}-${number}`
    try {
      await mkdir(name, { mode: 0o700 })
      return name
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
