// Who may read and write where in the workspace tree.
import type { Caller } from '../base/caller.ts'
import { homeOf, isWithin, lineOf } from './paths.ts'
import type { WorkspaceTree } from './workspace-tree.ts'

export type FileLevel = 'CAN_READ' | 'CAN_EDIT' | 'CAN_MANAGE'

/** Grants on single folders and files; `main` plugs the permissions in. */
export interface FileGrants {
  /** The highest level granted to the caller on this object itself; inheritance is worked out here. */
  levelOn(caller: Caller, objectId: number): Promise<FileLevel | undefined>
}

const RANK: Readonly<Record<FileLevel, number>> = { CAN_READ: 1, CAN_EDIT: 2, CAN_MANAGE: 3 }

/** Folders that everybody sees, though not all that is in them. */
const OPEN_FOLDERS: readonly string[] = ['', '/Users', '/Shared']

/** The level of `caller` on `key`, which need not exist: their own home, /Shared, admins, grants on the object or a folder above it. */
export async function levelOn(
  tree: WorkspaceTree,
  grants: FileGrants,
  caller: Caller,
  key: string,
): Promise<FileLevel | undefined> {
  if (caller.isAdmin || isWithin(key, homeOf(caller.name))) return 'CAN_MANAGE'
  if (key !== '/Shared' && isWithin(key, '/Shared')) return 'CAN_EDIT'
  let best: FileLevel | undefined = OPEN_FOLDERS.includes(key) ? 'CAN_READ' : undefined
  if (key === '/Shared') best = 'CAN_EDIT'
  for (const each of lineOf(key)) {
    const row = await tree.find(each)
    const granted = row && (await grants.levelOn(caller, row.object_id))
    if (granted && (!best || RANK[granted] > RANK[best])) best = granted
  }
  return best
}

export function includes(level: FileLevel | undefined, wanted: FileLevel): boolean {
  return level !== undefined && RANK[level] >= RANK[wanted]
}
