// Repairing a workspace that does not run.
import { repair } from '../control/recovery/repair.ts'
import type { RepairReport } from '../control/recovery/repair-types.ts'
import { openDataDirectory } from './data-directory.ts'

export type { RepairReport }

/**
 * Makes the metadata of a stopped workspace agree with the branches and snapshots on disk: restores the newest good backup where the metadata is
 * missing or damaged, and makes what it does not know again from their manifests. Deletes nothing. `dryRun` only says
 * what would be done; `from` names another backup. LakeletErrors `data_dir_in_use`, `data_dir_unusable`, `metadata_damaged`.
 */
export async function repairDataDirectory(options: {
  readonly dataDir: string
  readonly dryRun?: boolean
  readonly from?: string | undefined
}): Promise<RepairReport> {
  await using directory = await openDataDirectory(options.dataDir)
  const { dryRun = false, from } = options
  return repair({ dataDir: directory.path, dryRun, from, now: new Date() })
}
