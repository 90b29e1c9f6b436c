// What a sync has to do: pure comparison of the folder with the snapshot of the last sync.
import { Failure } from '../command/failure.ts'
import type { LocalFile } from './local-files.ts'
import type { SyncedFile } from './snapshot.ts'

export interface SyncPlan {
  /** Local names to upload. */
  readonly put: readonly string[]
  /** Workspace names to delete. */
  readonly delete: readonly string[]
  /** Workspace folders, relative, that become empty; deepest first. */
  readonly rmdir: readonly string[]
  /** Local files after the sync. */
  readonly files: ReadonlyMap<string, SyncedFile>
}

/** Compares; `remoteNameOf` gives the workspace name of a local file that is new or changed. */
export async function planSync(
  local: readonly LocalFile[],
  known: ReadonlyMap<string, SyncedFile>,
  remoteNameOf: (name: string) => Promise<string>,
): Promise<SyncPlan> {
  const files = new Map<string, SyncedFile>()
  const put: string[] = []
  for (const { name, modifiedMs } of local) {
    const before = known.get(name)
    // The snapshot keeps whole milliseconds.
    if (before && Math.floor(modifiedMs) === before.modifiedMs) files.set(name, before)
    else {
      put.push(name)
      files.set(name, { modifiedMs: Math.floor(modifiedMs), remoteName: await remoteNameOf(name) })
    }
  }
  refuseClashes(files)
  const kept = new Set([...files.values()].map(({ remoteName }) => remoteName))
  const removed = [...known.values()].map(({ remoteName }) => remoteName).filter((name) => !kept.has(name))
  return { put, delete: removed.sort(), rmdir: emptied(removed, kept), files }
}

function refuseClashes(files: ReadonlyMap<string, SyncedFile>): void {
  const seen = new Map<string, string>()
  for (const [name, { remoteName }] of files) {
    const other = seen.get(remoteName)
    if (other !== undefined) {
      throw new Failure(`${other} and ${name} would both become ${remoteName} in the workspace.`, {
        todo: 'Rename one of them: a notebook loses its extension when it is imported.',
      })
    }
    seen.set(remoteName, name)
  }
}

function emptied(removed: readonly string[], kept: ReadonlySet<string>): string[] {
  const needed = new Set([...kept].flatMap(foldersOf))
  const folders = new Set(removed.flatMap(foldersOf).filter((folder) => !needed.has(folder)))
  return [...folders].sort((a, b) => b.split('/').length - a.split('/').length || a.localeCompare(b))
}

/** Folders on the way to `name`: of `a/b/c.txt`, `a/b` and `a`. */
export function foldersOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'))
}
