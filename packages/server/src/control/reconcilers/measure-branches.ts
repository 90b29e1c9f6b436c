import { findBranchByUid, updateBranch } from '../../metadata/branches.ts'
import { listLiveEndpoints, updateEndpoint } from '../../metadata/endpoints.ts'
import type { ControlParts } from '../context.ts'

/** Stores what only a running compute knows, so that it is shown after a restart too: last activity, size of the branch. */
export async function measureBranches({ metadata, computes, storage }: ControlParts): Promise<void> {
  for (const { uid, branchUid, lastActiveTime } of await listLiveEndpoints(metadata.db)) {
    const { lastActiveAt } = computes.activity(uid)
    if (lastActiveAt === undefined) continue
    const lastActive = lastActiveAt.toISOString()
    // Nothing happened since it was looked at last.
    if ((lastActiveTime ?? '') >= lastActive) continue
    await updateEndpoint(metadata.db, uid, { last_active_time: lastActive })
    const branch = await findBranchByUid(metadata.db, branchUid)
    if (branch?.state !== 'READY') continue
    await updateBranch(metadata.db, branchUid, { logical_size_bytes: await storage.sizeBytes(branchUid) })
  }
}
