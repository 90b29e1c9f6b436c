// Which principal was granted what on which object. Owners and admins are not listed: they follow from elsewhere.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { PermissionsTables } from './schema.ts'

export type PermissionGrantRow = Selectable<PermissionsTables['permission_grants']>

export async function listPermissionGrants(queries: Queries): Promise<PermissionGrantRow[]> {
  return queries.selectFrom('permission_grants').selectAll().execute()
}

/** Makes `grants` the whole list of one object. */
export async function replacePermissionGrants(
  queries: Queries,
  objectType: string,
  objectId: string,
  grants: readonly Pick<PermissionGrantRow, 'principal_id' | 'level'>[],
): Promise<void> {
  await queries
    .deleteFrom('permission_grants')
    .where('object_type', '=', objectType)
    .where('object_id', '=', objectId)
    .execute()
  if (grants.length === 0) return
  await queries
    .insertInto('permission_grants')
    .values(grants.map((grant) => ({ object_type: objectType, object_id: objectId, ...grant })))
    .execute()
}
