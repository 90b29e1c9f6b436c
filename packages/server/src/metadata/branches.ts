import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { BranchesTables } from './schema.ts'

export type BranchRow = Selectable<BranchesTables['branches']>
export type NewBranchRow = Insertable<BranchesTables['branches']>

/** A branch of a project by id or uid; of several with the same id the live one, else the one deleted last. */
export async function findBranch(
  queries: Queries,
  projectUid: string,
  idOrUid: string,
): Promise<BranchRow | undefined> {
  const rows = await queries
    .selectFrom('branches')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .where((where) => where.or([where('branch_id', '=', idOrUid), where('uid', '=', idOrUid)]))
    .orderBy('seq', 'desc')
    .execute()
  return rows.find((row) => row.delete_time === null) ?? rows[0]
}

export async function findBranchByUid(queries: Queries, uid: string): Promise<BranchRow | undefined> {
  return queries.selectFrom('branches').selectAll().where('uid', '=', uid).executeTakeFirst()
}

/** Branches of a project after `afterSeq` in the order they were created. */
export async function listBranches(
  queries: Queries,
  projectUid: string,
  page: { readonly afterSeq: number; readonly limit: number; readonly showDeleted: boolean },
): Promise<BranchRow[]> {
  let query = queries
    .selectFrom('branches')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .where('seq', '>', page.afterSeq)
  if (!page.showDeleted) query = query.where('delete_time', 'is', null)
  return query.orderBy('seq').limit(page.limit).execute()
}

/** All branches of a project, deleted ones too. */
export async function allBranchesOf(queries: Queries, projectUid: string): Promise<BranchRow[]> {
  return queries
    .selectFrom('branches')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .orderBy('seq')
    .execute()
}

/** Live branches that were made from this one. */
export async function childrenOf(queries: Queries, branchUid: string): Promise<BranchRow[]> {
  return queries
    .selectFrom('branches')
    .selectAll()
    .where('source_branch_uid', '=', branchUid)
    .where('delete_time', 'is', null)
    .execute()
}

export async function insertBranch(queries: Queries, row: NewBranchRow): Promise<void> {
  await queries.insertInto('branches').values(row).execute()
}

export async function updateBranch(
  queries: Queries,
  uid: string,
  changes: Partial<NewBranchRow>,
): Promise<void> {
  await queries.updateTable('branches').set(changes).where('uid', '=', uid).execute()
}

/** Removes the rows of a branch with its endpoints. */
export async function deleteBranchRow(queries: Queries, uid: string): Promise<void> {
  await queries.deleteFrom('branches').where('uid', '=', uid).execute()
}

/** Live branches whose time is over. */
export async function listExpiredBranches(queries: Queries, now: string): Promise<BranchRow[]> {
  return queries
    .selectFrom('branches')
    .selectAll()
    .where('expire_time', '<=', now)
    .where('delete_time', 'is', null)
    .execute()
}

/** Deleted branches whose time to be undeleted is over. */
export async function listBranchesToPurge(queries: Queries, now: string): Promise<BranchRow[]> {
  return queries.selectFrom('branches').selectAll().where('purge_time', '<=', now).execute()
}

/** Uids of every branch that has a row, deleted ones too. */
export async function listBranchUids(queries: Queries): Promise<string[]> {
  const rows = await queries.selectFrom('branches').select('uid').execute()
  return rows.map(({ uid }) => uid)
}

/** Every branch of the workspace, deleted ones too, in the order they were created. */
export async function allBranches(queries: Queries): Promise<BranchRow[]> {
  return queries.selectFrom('branches').selectAll().orderBy('seq').execute()
}
