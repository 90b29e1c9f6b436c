// Who may read and write where in the workspace tree.
import type { Caller } from '../base/caller.ts'
import { homeOf, isWithin, lineOf } from './paths.ts'
import type { FileGrants, FileLevel } from './ports.ts'
import type { TreePart, WorkspaceTree } from './workspace-tree.ts'

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

/**
 * What of `key` and all below it `caller` may read. Grants reach down, so a folder is one part, but for those that everybody sees: what
 * is in them is asked about one by one.
 */
export async function readableParts(
  tree: WorkspaceTree,
  grants: FileGrants,
  caller: Caller,
  key: string,
): Promise<TreePart[]> {
  if (!includes(await levelOn(tree, grants, caller, key), 'CAN_READ')) return []
  if (!OPEN_FOLDERS.includes(key) || caller.isAdmin || (await isGranted(tree, grants, caller, key)))
    return [{ key, isWhole: true }]
  const parts: TreePart[] = [{ key, isWhole: false }]
  for (const child of await tree.list(key))
    parts.push(...(await readableParts(tree, grants, caller, child.path)))
  return parts
}

/** Whether the folder itself or one above it was granted, rather than being open to all. */
async function isGranted(
  tree: WorkspaceTree,
  grants: FileGrants,
  caller: Caller,
  key: string,
): Promise<boolean> {
  for (const each of lineOf(key)) {
    const row = await tree.find(each)
    if (row && (await grants.levelOn(caller, row.object_id))) return true
  }
  return false
}

export function includes(level: FileLevel | undefined, wanted: FileLevel): boolean {
  return level !== undefined && RANK[level] >= RANK[wanted]
}
