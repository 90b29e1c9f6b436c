import { isLakeletError } from '../../base/errors.ts'
import { listExpiredBranches } from '../../metadata/branches.ts'
import { findProject } from '../../metadata/projects.ts'
import type { Branches } from '../services/branches.ts'
import type { ControlParts } from '../context.ts'

/** Deletes the branches whose time is over, as a caller would. */
export async function expireBranches(context: ControlParts, branches: Branches): Promise<void> {
  const now = context.clock.now().toISOString()
  for (const branch of await listExpiredBranches(context.metadata.db, now)) {
    const project = await findProject(context.metadata.db, branch.project_uid)
    if (!project || project.delete_time !== null) continue
    try {
      await branches.expire({ project, branch })
      context.log.info({ project: project.project_id, branch: branch.branch_id }, 'branch has expired')
    } catch (error) {
      // Something runs in it; the end of that wakes this again.
      if (!isLakeletError(error)) throw error
      context.log.debug({ err: error, branch: branch.branch_id }, 'branch cannot expire yet')
    }
  }
}
