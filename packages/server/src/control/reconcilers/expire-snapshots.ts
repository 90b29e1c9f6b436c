import { isLakeletError } from '../../base/errors.ts'
import { findProject } from '../../metadata/projects.ts'
import { listExpiredSnapshots } from '../../metadata/snapshots.ts'
import type { ControlParts } from '../context.ts'
import type { Snapshots } from '../services/snapshots.ts'
import type { RemovalTime } from './removal-time.ts'

/** Deletes the snapshots whose time is over, as a caller would. */
export async function expireSnapshots(
  context: ControlParts,
  snapshots: Snapshots,
  removal: RemovalTime,
): Promise<void> {
  const now = (await removal.now()).toISOString()
  for (const snapshot of await listExpiredSnapshots(context.metadata.db, now)) {
    const project = await findProject(context.metadata.db, snapshot.project_uid)
    if (!project || project.delete_time !== null) continue
    try {
      await snapshots.expire(project, snapshot)
      context.log.info(
        { project: project.project_id, snapshot: snapshot.snapshot_id },
        'snapshot has expired',
      )
    } catch (error) {
      // A branch is being made from it, or it is being deleted; the end of that wakes this again.
      if (!isLakeletError(error)) throw error
      context.log.debug({ err: error, snapshot: snapshot.snapshot_id }, 'snapshot cannot expire yet')
    }
  }
}
