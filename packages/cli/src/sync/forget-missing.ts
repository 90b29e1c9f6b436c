// What somebody deleted in the workspace since the last sync is uploaded again.
import { workspaceRoutes } from '@lakelet/api'
import { type SyncOptions, inParallel, isNotFound } from './sync-folder.ts'

/** Takes out of the snapshot every file that the workspace no longer has; one request for each folder. */
export async function forgetMissing(options: SyncOptions): Promise<void> {
  const { files } = options.snapshot
  const byFolder = Map.groupBy(files, ([, { remoteName }]) => folderOf(remoteName))
  await inParallel([...byFolder], async ([folder, known]) => {
    const names = await namesIn(options, folder)
    for (const [local, { remoteName }] of known) if (!names.has(remoteName)) files.delete(local)
  })
}

function folderOf(name: string): string {
  return name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''
}

/** Names, relative to the target, of what is in a folder; empty when the folder is gone. */
async function namesIn(options: SyncOptions, folder: string): Promise<ReadonlySet<string>> {
  const { client, target, signal } = options
  const query = { path: folder === '' ? target : `${target}/${folder}` }
  try {
    const { objects } = await client.call(workspaceRoutes.list, { query }, signal)
    // A file where the folder was lists itself, under another name than any that is looked for.
    return new Set((objects ?? []).map((object) => object.path.slice(target.length + 1)))
  } catch (error) {
    if (isNotFound(error)) return new Set()
    throw error
  }
}
