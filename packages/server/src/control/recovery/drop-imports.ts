import { findBranchByUid } from '../../metadata/branches.ts'
import type { ControlParts } from '../context.ts'

/** Removes what was received of files and belongs to no branch that is being made: its request was cut off. */
export async function dropImports({
  metadata,
  storage,
}: Pick<ControlParts, 'metadata' | 'storage'>): Promise<void> {
  for (const uid of await storage.imports.files.list()) {
    const branch = await findBranchByUid(metadata.db, uid)
    if (branch?.state !== 'INIT') await storage.imports.remove(uid)
  }
}
