// The settings of an archive, and opening its store.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../base/config.ts'
import { LakeletError } from '../base/errors.ts'
import type { ObjectStore } from './object-store.ts'
import { openS3 } from './s3-store.ts'

export type ArchiveSettings = Config['archive']

/** LakeletError `config_invalid`. Connects to nothing yet. */
export function storeOf(settings: ArchiveSettings, url: string): Promise<ObjectStore> {
  const { endpoint, region, megabytesPerSecond } = settings
  return openS3({ url, endpoint, region, bytesPerSecond: megabytesPerSecond * 1_000_000 })
}

/** LakeletError `config_invalid` where none is given, or its file cannot be read. */
export async function passphraseOf(settings: ArchiveSettings, directory: string): Promise<string> {
  const { passphrase, passphraseFile } = settings
  if (passphrase !== undefined) return passphrase
  if (passphraseFile === undefined)
    throw invalid(
      'archive.passphrase',
      'archive.url needs a passphrase: set archive.passphraseFile or LAKELET_ARCHIVE_PASSPHRASE',
    )
  const file = path.resolve(directory, passphraseFile)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw invalid(
      'archive.passphraseFile',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
  })
  const line = (text.split('\n')[0] ?? '').trim()
  if (line.length < 12)
    throw invalid('archive.passphraseFile', `the first line of ${file} must have 12 characters at least`)
  return line
}

function invalid(source: string, reason: string): LakeletError {
  return new LakeletError('config_invalid', { source, reason })
}
