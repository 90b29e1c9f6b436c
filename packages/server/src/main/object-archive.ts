// The archive in an object store: of a workspace that runs, and what the command line does with one.
import { chmod, mkdir, readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { partialOf, sweepOldPartials } from '../base/bundle/partials.ts'
import { type Config, loadConfig } from '../base/config.ts'
import { LakeletError } from '../base/errors.ts'
import { syncDirectory } from '../base/files.ts'
import { createLogger } from '../base/log.ts'
import { removeTree } from '../base/remove-tree.ts'
import { systemClock } from '../base/clock.ts'
import {
  type ArchiveRestoreReport,
  asArchiveError,
  instanceOf,
  ObjectArchive,
  passphraseOf,
  restoreArchive,
  storeOf,
  Vault,
  verifyArchive,
  type VerifyReport,
  WriterClaim,
} from '../objects/index.ts'
import { ownerOf } from '../postgres/index.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Infrastructure } from './infrastructure.ts'
import { VERSION } from './version.ts'

/** Undefined where none is configured: then nothing of it is loaded. */
export function startObjectArchive(
  { archive }: Config,
  directory: DataDirectory,
  infrastructure: Infrastructure,
): ObjectArchive | undefined {
  const { url } = archive
  if (url === undefined) return undefined
  const { host } = infrastructure.postgres
  return new ObjectArchive({
    ...infrastructure,
    log: infrastructure.log.child({ component: 'archive' }),
    settings: { ...archive, url },
    dataDir: directory.path,
    version: VERSION,
    postgresUid: host.account && ownerOf(host).uid,
  })
}

/** Which archive, and how it is reached: `from`, or what the settings of the data directory, or the environment, say. */
export interface ArchivePlace {
  readonly from?: string | undefined
  /** Its `lakelet.toml` is read, if there is one. */
  readonly dataDir: string
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly passphraseFile?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((message: string) => void) | undefined
}

async function withVault<T>(place: ArchivePlace, work: (vault: Vault) => Promise<T>): Promise<T> {
  const { from, endpoint, region, passphraseFile } = place
  const given = Object.entries({ endpoint, region, passphraseFile }).filter(
    ([, value]) => value !== undefined,
  )
  const { archive } = loadConfig({
    file: path.join(place.dataDir, 'lakelet.toml'),
    env: process.env,
    flags: { archive: Object.fromEntries(given) },
  })
  const settings = passphraseFile === undefined ? archive : { ...archive, passphrase: undefined }
  const url = from ?? archive.url
  if (url === undefined) throw new LakeletError('object_archive_off')
  const store = await storeOf(settings, url)
  try {
    return await work(await Vault.open(store, await passphraseOf(settings, place.dataDir)))
  } catch (error) {
    throw asArchiveError(error, url)
  } finally {
    store.close()
  }
}

/**
 * Makes a data directory of an archive, as it was at `at` (RFC 3339), or as far as it leads. LakeletErrors `restore_target_taken`,
 * `object_archive_*`; nothing is left then.
 */
export async function restoreFromObjects(
  place: ArchivePlace & { readonly at?: string | undefined },
): Promise<ArchiveRestoreReport> {
  const { dataDir, at, signal, onProgress } = place
  const refuseTaken = async () => {
    if ((await readdir(dataDir).catch(() => [])).length > 0)
      throw new LakeletError('restore_target_taken', { directory: dataDir })
  }
  await refuseTaken()
  return withVault(place, async (vault) => {
    const parent = path.dirname(dataDir)
    const partial = partialOf(dataDir)
    await mkdir(parent, { recursive: true })
    await sweepOldPartials(parent)
    try {
      const log = createLogger({ level: 'silent' })
      const report = await restoreArchive({ vault, at, to: partial, log, onProgress, signal })
      await chmod(partial, 0o711)
      await refuseTaken()
      await rename(partial, dataDir)
      await syncDirectory(parent)
      return { data_dir: dataDir, ...report }
    } catch (error) {
      await removeTree(partial)
      throw error
    }
  })
}

/** Reads all of an archive back. LakeletErrors `object_archive_*`, where it cannot be read at all. */
export function verifyObjects(place: ArchivePlace): Promise<VerifyReport> {
  const { signal, onProgress } = place
  return withVault(place, (vault) =>
    verifyArchive(vault, { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) }),
  )
}

/** From now on this data directory writes to its archive, and no other copy of the workspace does. */
export function takeOverObjects(place: ArchivePlace): Promise<{ readonly url: string }> {
  return withVault(place, async (vault) => {
    const instance = await instanceOf(path.join(place.dataDir, 'archive-writer'))
    await WriterClaim.make(vault, { instance, takeOver: true, now: systemClock.now() })
    return { url: vault.store.url }
  })
}
