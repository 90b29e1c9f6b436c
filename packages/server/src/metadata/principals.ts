// Users, service principals and groups, and who is a member of what.
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Queries } from './database.ts'
import type { PrincipalsTables } from './schema.ts'

export type PrincipalRow = Selectable<PrincipalsTables['principals']>

export async function listPrincipals(queries: Queries): Promise<PrincipalRow[]> {
  return queries.selectFrom('principals').selectAll().orderBy('created_at').orderBy('id').execute()
}

export async function listMemberships(
  queries: Queries,
): Promise<Selectable<PrincipalsTables['group_members']>[]> {
  return queries.selectFrom('group_members').selectAll().execute()
}

export async function insertPrincipal(
  queries: Queries,
  row: Insertable<PrincipalsTables['principals']>,
): Promise<void> {
  await queries.insertInto('principals').values(row).execute()
}

export async function updatePrincipal(
  queries: Queries,
  id: number,
  changes: Updateable<PrincipalsTables['principals']>,
): Promise<void> {
  if (Object.keys(changes).length === 0) return
  await queries.updateTable('principals').set(changes).where('id', '=', id).execute()
}

/** Deletes the principal with its tokens, secrets, sessions, grants and memberships. */
export async function deletePrincipal(queries: Queries, id: number): Promise<void> {
  await queries.deleteFrom('principals').where('id', '=', id).execute()
}

export async function addMember(queries: Queries, groupId: number, memberId: number): Promise<void> {
  await queries
    .insertInto('group_members')
    .values({ group_id: groupId, member_id: memberId })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function removeMember(queries: Queries, groupId: number, memberId: number): Promise<void> {
  await queries
    .deleteFrom('group_members')
    .where('group_id', '=', groupId)
    .where('member_id', '=', memberId)
    .execute()
}
