import { allBranches, findBranchByUid } from '../../metadata/branches.ts'
import type { ControlParts } from '../context.ts'

/** Removes the files that a reset branch had before, once it is sure that they are not taken back: the branch is READY again. */
export async function dropReplaced({ metadata, storage, log }: ControlParts): Promise<void> {
  for (const { uid } of await allBranches(metadata.db)) {
    const replacement = storage.replacementOf(uid)
    const previous = await replacement.previous()
    // Looked at in this order: those of a reset that begins now are others.
    if (previous === undefined || (await findBranchByUid(metadata.db, uid))?.state !== 'READY') continue
    await replacement.discardPrevious(previous)
    log.info({ branch: uid }, 'removed the files that a branch had before it was reset')
  }
}
