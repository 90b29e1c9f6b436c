import { branchName, type ScheduleCadence, snapshotName, snapshotScheduleName } from '@lakelet/api'
import type { Snapshot, SnapshotSchedule } from '@lakelet/api'
import type { Queries } from '../../metadata/database.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import { findSchedule, type SnapshotRow } from '../../metadata/snapshots.ts'
import { nextDue } from '../rules/snapshot-schedule.ts'
import type { BranchRows } from '../rules/resolve.ts'

export function viewSnapshot(project: ProjectRow, row: SnapshotRow): Snapshot {
  return {
    name: snapshotName(project.project_id, row.snapshot_id),
    snapshot_id: row.snapshot_id,
    uid: row.uid,
    create_time: row.create_time,
    status: {
      source_branch: branchName(project.project_id, row.source_branch_id),
      ...(row.full_size_bytes === null ? {} : { full_size_bytes: row.full_size_bytes }),
      ...(row.diff_size_bytes === null ? {} : { diff_size_bytes: row.diff_size_bytes }),
      ...(row.expire_time === null ? { no_expiry: true } : { expire_time: row.expire_time }),
      current_state: row.state,
      scheduled: row.is_scheduled === 1,
      ...(row.source_lsn === null ? {} : { source_branch_lsn: row.source_lsn }),
      ...(row.source_time === null ? {} : { source_branch_time: row.source_time }),
      ...(row.clone_method === null ? {} : { clone_method: row.clone_method }),
    },
  }
}

/** The schedule of a branch; one without any has an empty one. */
export async function viewSchedule(
  queries: Queries,
  { project, branch }: BranchRows,
  now: Date,
): Promise<SnapshotSchedule> {
  const row = await findSchedule(queries, branch.uid)
  const schedule = row ? (JSON.parse(row.schedule) as ScheduleCadence[]) : []
  const next = nextDue(schedule, now)
  return {
    name: snapshotScheduleName(project.project_id, branch.branch_id),
    schedule,
    ...(next ? { next_snapshot_time: next.toISOString() } : {}),
  }
}
