// Making a data directory of a backup.
import { chmod, mkdir, readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { partialOf, sweepOldPartials } from '../base/bundle/partials.ts'
import { readBundle } from '../base/bundle/read-bundle.ts'
import { LakeletError } from '../base/errors.ts'
import { syncDirectory } from '../base/files.ts'
import { flushTree } from '../base/flush-tree.ts'
import { removeTree } from '../base/remove-tree.ts'
import { rowsInCopy } from '../metadata/copies.ts'
import { chooseAccount } from '../postgres/index.ts'

export interface RestoreReport {
  readonly data_dir: string
  /** When the backup was made, and by which version. */
  readonly create_time: string
  readonly lakelet: string
  readonly branches: number
  readonly snapshots: number
  readonly files: number
  readonly bytes: number
  /** Sentences for a person. */
  readonly notes: readonly string[]
}

/**
 * Unpacks a backup, a file or a directory, to a new or an empty directory: beside it first, and to its name when every checksum agrees.
 * LakeletErrors `restore_target_taken`, `bundle_damaged`, `bundle_foreign`, `bundle_newer`, `bundle_disk_full`; nothing is left then.
 */
export async function restoreBackup(options: {
  readonly from: string
  readonly dataDir: string
  readonly signal?: AbortSignal
}): Promise<RestoreReport> {
  const { from, dataDir, signal } = options
  await refuseTaken(dataDir)
  const parent = path.dirname(dataDir)
  const partial = partialOf(dataDir)
  await mkdir(parent, { recursive: true })
  await sweepOldPartials(parent)
  const account = await chooseAccount()
  try {
    const unpacked = await readBundle({
      from,
      format: 'lakelet-backup',
      to: partial,
      ...(account ? { postgres: account } : {}),
      ...(signal ? { signal } : {}),
    })
    const notes: string[] = []
    if (unpacked.header['platform'] !== `${process.platform}-${process.arch}`) {
      await removeTree(path.join(partial, 'postgres'))
      notes.push(
        'The backup was made on another kind of machine: Postgres is installed anew at the first start, and extensions that were brought are to be brought again.',
      )
    }
    notes.push('Apps are built anew at the first start.')
    const { branches, snapshots } = rowsInCopy(path.join(partial, 'metadata.sqlite'))
    // Searchable for all, as every data directory.
    await chmod(partial, 0o711)
    await flushTree(partial)
    await refuseTaken(dataDir)
    await rename(partial, dataDir)
    await syncDirectory(parent)
    const { create_time, lakelet } = unpacked.header
    return {
      data_dir: dataDir,
      create_time,
      lakelet,
      branches: branches.length,
      snapshots: snapshots.length,
      files: unpacked.files,
      bytes: unpacked.bytes,
      notes,
    }
  } catch (error) {
    await removeTree(partial)
    throw error
  }
}

async function refuseTaken(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new LakeletError('data_dir_unusable', {
      directory,
      reason: code === 'ENOTDIR' ? 'it is not a directory' : String(code),
    })
  })
  if (names.length > 0) throw new LakeletError('restore_target_taken', { directory })
}
