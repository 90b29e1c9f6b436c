// Takes the snapshots that schedules ask for.
import type { ScheduleCadence } from '@lakelet/api'
import { isLakeletError } from '../../base/errors.ts'
import { findBranchByUid } from '../../metadata/branches.ts'
import { findProject } from '../../metadata/projects.ts'
import { allSchedules, noteTaken, type ScheduleRow } from '../../metadata/snapshots.ts'
import type { ControlParts } from '../context.ts'
import { dueSince } from '../rules/snapshot-schedule.ts'
import type { Snapshots } from '../services/snapshots.ts'

const DAY_MS = 86_400_000
/** After one that failed, as on a full disk. */
const RETRY_MS = 10 * 60_000

/**
 * Gives the rounds of one reconciler. What was due while the workspace was off, or could not be taken, is taken as soon as it can be: one
 * for all that was missed. Where the clock was set back, what was taken is not taken again.
 */
export function snapshotTaker(context: ControlParts, snapshots: Snapshots): () => Promise<void> {
  /** When each branch was tried last. */
  const tried = new Map<string, number>()
  return async () => {
    const schedules = await allSchedules(context.metadata.db)
    const known = new Set(schedules.map((row) => row.branch_uid))
    for (const uid of tried.keys()) if (!known.has(uid)) tried.delete(uid)
    for (const row of schedules) await lookAt(context, snapshots, row, tried)
  }
}

async function lookAt(
  context: ControlParts,
  snapshots: Snapshots,
  row: ScheduleRow,
  tried: Map<string, number>,
): Promise<void> {
  const { metadata, clock, log } = context
  const now = clock.now()
  const done = new Date(row.done_until)
  // A clock that was far ahead is right again: without this nothing would be taken until it is there once more.
  if (done.getTime() - now.getTime() > DAY_MS) {
    await noteTaken(metadata.db, row.branch_uid, now.toISOString())
    return
  }
  const due = dueSince(JSON.parse(row.schedule) as ScheduleCadence[], done, now)
  if (!due) return
  const before = tried.get(row.branch_uid) ?? Number.NEGATIVE_INFINITY
  if (Math.abs(clock.monotonicMs() - before) < RETRY_MS) return
  const branch = await findBranchByUid(metadata.db, row.branch_uid)
  const project = branch && (await findProject(metadata.db, branch.project_uid))
  if (!project || project.delete_time !== null || branch.delete_time !== null || branch.state !== 'READY')
    return
  try {
    await snapshots.takeDue({ project, branch }, due)
    tried.set(row.branch_uid, clock.monotonicMs())
    log.info({ project: project.project_id, branch: branch.branch_id, due: due.at }, 'taking a snapshot')
  } catch (error) {
    if (!isLakeletError(error)) throw error
    // Something else runs on the branch; the end of that wakes this again.
    log.debug({ err: error, branch: branch.branch_id }, 'a snapshot that is due has to wait')
  }
}
