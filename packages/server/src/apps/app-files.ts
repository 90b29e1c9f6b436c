import { homeOf } from '../files/paths.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { listSnapshots } from '../metadata/deployment-files.ts'
import type { AppDirectories } from './app-directories.ts'
import type { LiveApps } from './live-apps.ts'

export interface AppFilesParts {
  readonly metadata: Metadata
  readonly tree: WorkspaceTree
  readonly live: LiveApps
  readonly directories: AppDirectories
}

/** Removes what a stopped app has on disk and in the workspace. */
export async function removeFiles(
  { metadata, tree, live, directories }: AppFilesParts,
  row: AppRow,
): Promise<void> {
  await live.close(row.name)
  for (const id of await listSnapshots(metadata.db, row.name)) await tree.removeSnapshot(id)
  await tree.remove(homeOf(row.client_id), true)
  await (await directories.of(row)).remove()
}
