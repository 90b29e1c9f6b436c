import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { RolePasswordsTables } from './schema.ts'

export type RolePasswordRow = Selectable<RolePasswordsTables['role_passwords']>

export async function insertRolePassword(queries: Queries, row: RolePasswordRow): Promise<void> {
  await queries.insertInto('role_passwords').values(row).execute()
}

/** The sealed password whose verifier has that hash; undefined for one that the workspace did not make. */
export async function findRolePassword(queries: Queries, verifierHash: string): Promise<string | undefined> {
  const row = await queries
    .selectFrom('role_passwords')
    .select('sealed')
    .where('verifier_hash', '=', verifierHash)
    .executeTakeFirst()
  return row?.sealed
}
