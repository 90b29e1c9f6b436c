// The disk of a data directory, for who stands outside the workspace.
import { readdir } from 'node:fs/promises'
import { checkDisk, type MadeDisk, makeDisk, type MakeDiskOptions } from '../storage/index.ts'
import { openDataDirectory } from './data-directory.ts'

/**
 * Makes a disk for a data directory and mounts it there; with `migrate`, with all that is in it. Throws the errors `disk_…`, and
 * `data_dir_in_use` while a workspace runs there.
 */
export async function initDisk(options: MakeDiskOptions): Promise<MadeDisk> {
  await checkDisk(options)
  const names = await readdir(options.dataDir).catch(() => [])
  // The lock would put a first file into an empty directory.
  if (names.length === 0) return makeDisk(options)
  await using _lock = await openDataDirectory(options.dataDir)
  return makeDisk(options)
}
