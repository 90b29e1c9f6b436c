// Backing up a workspace that does not run.
import { systemClock } from '../base/clock.ts'
import { createLogger } from '../base/log.ts'
import { type BackupReport, backUpWorkspace } from '../control/recovery/back-up.ts'
import { openMetadata } from '../metadata/database.ts'
import { settingOrCreate } from '../metadata/settings.ts'
import { openPostgres, ownerOf, stopLeftover } from '../postgres/index.ts'
import { startStorage } from '../storage/index.ts'
import { openDataDirectory } from './data-directory.ts'
import { VERSION } from './version.ts'

/** As `lakelet backup` of a running workspace. LakeletErrors `data_dir_in_use`, `metadata_damaged`, `bundle_target`, `bundle_disk_full`. */
export async function backUpDataDirectory(options: {
  readonly dataDir: string
  readonly to: string
  readonly onProgress?: (message: string) => void
  readonly signal?: AbortSignal
}): Promise<BackupReport> {
  await using directory = await openDataDirectory(options.dataDir)
  const log = createLogger({ level: 'silent' })
  await using metadata = await openMetadata(directory.file('metadata.sqlite'))
  const postgres = await openPostgres({ dataDir: directory.path })
  const storage = await startStorage({ postgres, log })
  // What a workspace that was killed left running.
  for (const uid of await storage.list()) await stopLeftover(storage.dataDirectory(uid))
  const workspaceId = await settingOrCreate(metadata.db, 'workspace_id', () => '')
  const { to, onProgress, signal } = options
  return backUpWorkspace(
    {
      dataDir: directory.path,
      metadata,
      storage,
      workspaceId,
      version: VERSION,
      postgresUid: postgres.host.account && ownerOf(postgres.host).uid,
      withFiles: (_endpointUid, work) => work(undefined),
    },
    { to, now: systemClock.now(), signal, ...(onProgress ? { onProgress } : {}) },
  )
}
