import type { Queries } from '../../metadata/database.ts'
import type { BranchIdentity, NewBranch } from '../../storage/index.ts'
import { loadRecords } from './branch-record.ts'

/** What the manifest of a branch says while the branch is being made: its rows are stored already. */
export async function newBranchOf(
  queries: Queries,
  { workspaceId, projectUid, branchUid }: BranchIdentity & { readonly branchUid: string },
): Promise<NewBranch> {
  const found = (await loadRecords(queries, { branchUid, withUnfinished: true })).get(branchUid)
  return { workspaceId, projectUid, record: { ...found?.record } }
}
