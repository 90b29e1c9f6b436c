import { type Branch, branchName, projectName, snapshotName } from '@lakelet/api'
import { type BranchRow, findBranchByUid } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import type { StoragePort } from '../ports.ts'
import { viewProblem } from './problem.ts'
import { deletion } from './deletion.ts'

/** A branch with what its reply needs from other tables. */
export interface BranchParts {
  readonly row: BranchRow
  readonly project: ProjectRow
  readonly sourceBranchId: string | undefined
}

export async function partsOfBranch(
  queries: Queries,
  project: ProjectRow,
  row: BranchRow,
): Promise<BranchParts> {
  const source =
    row.source_branch_uid === null ? undefined : await findBranchByUid(queries, row.source_branch_uid)
  return { row, project, sourceBranchId: source?.branch_id }
}

/** `storage` says what is wrong with it at present; left out where an operation says what it has made. */
export function viewBranch(
  { row, project, sourceBranchId }: BranchParts,
  storage?: Pick<StoragePort, 'problemOf'>,
): Branch {
  const isDeleted = row.delete_time !== null
  return {
    name: branchName(project.project_id, row.branch_id),
    branch_id: row.branch_id,
    parent: projectName(project.project_id),
    uid: row.uid,
    create_time: row.create_time,
    update_time: row.update_time,
    ...deletion(row),
    status: {
      branch_id: row.branch_id,
      current_state: isDeleted ? 'DELETED' : row.state,
      ...(row.state === 'READY' || isDeleted ? {} : { pending_state: 'READY' as const }),
      state_change_time: row.state_change_time,
      default: project.default_branch_uid === row.uid,
      is_protected: row.is_protected === 1,
      logical_size_bytes: row.logical_size_bytes,
      ...(row.expire_time === null ? {} : { expire_time: row.expire_time }),
      ...deletion(row),
      ...(sourceBranchId === undefined
        ? {}
        : { source_branch: branchName(project.project_id, sourceBranchId) }),
      ...(row.source_snapshot_id === null
        ? {}
        : { source_snapshot: snapshotName(project.project_id, row.source_snapshot_id) }),
      ...(row.imported_from === null ? {} : { imported_from: row.imported_from }),
      ...(row.source_lsn === null ? {} : { source_branch_lsn: row.source_lsn }),
      ...(row.clone_method === null ? {} : { clone_method: row.clone_method }),
      ...(row.clone_bytes === null
        ? {}
        : {
            clone_bytes: row.clone_bytes,
            clone_shared_bytes: row.clone_method === 'reflink' ? row.clone_bytes : 0,
          }),
      ...(row.clone_ms === null ? {} : { clone_duration: `${(row.clone_ms / 1000).toFixed(3)}s` }),
      ...(row.source_time === null ? {} : { source_branch_time: row.source_time }),
      ...viewProblem(isDeleted ? undefined : storage?.problemOf(row.uid)),
    },
  }
}
