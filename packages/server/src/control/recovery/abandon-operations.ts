// Metadata that is older than the branches may hold operations that have long come to their end. Going on with them would do harm:
// a database that "could not be created" because it is there would be dropped again.
import { allBranches, deleteBranchRow, updateBranch } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { deleteLocks, listUnfinishedOperations, updateOperation } from '../../metadata/operations.ts'
import { allProjects, deleteProjectRow } from '../../metadata/projects.ts'

const ERROR = JSON.stringify({
  error_code: 'ABORTED',
  message:
    'The metadata was restored from an earlier state, so it is not known how this operation ended. Look at the resource.',
})

/**
 * Ends every unfinished operation as failed, without undoing anything. A branch that was being made is ready where it has files
 * (`hasFiles`), else its row goes, and with the last one the project's. Returns how many operations there were.
 */
export async function abandonOperations(
  queries: Queries,
  hasFiles: (branchUid: string) => boolean,
  now: string,
): Promise<number> {
  const operations = await listUnfinishedOperations(queries)
  for (const { id } of operations) {
    await updateOperation(queries, id, { state: 'failed', error: ERROR, end_time: now })
    await deleteLocks(queries, id)
  }
  for (const { uid, state } of await allBranches(queries)) {
    if (state === 'READY') continue
    if (hasFiles(uid)) await updateBranch(queries, uid, { state: 'READY', state_change_time: now })
    else await deleteBranchRow(queries, uid)
  }
  const left = new Set((await allBranches(queries)).map((branch) => branch.project_uid))
  for (const { uid } of await allProjects(queries)) if (!left.has(uid)) await deleteProjectRow(queries, uid)
  return operations.length
}
