// Users, service principals and groups, and who is a member of what.
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Queries } from './database.ts'

export interface PrincipalsTables {
  principals: {
    /** Numeric SCIM id. */
    id: number
    kind: 'user' | 'service_principal' | 'group'
    /** E-mail address, application id, or the group's display name. */
    name: string
    display_name: string
    active: number
    external_id: string | null
    /** JSON object of SCIM attributes that nothing interprets. */
    attributes: string
    is_system: number
    created_at: string
  }
  group_members: { group_id: number; member_id: number }
}

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
