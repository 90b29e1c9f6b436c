// Secret scopes with their secrets, which are sealed, and their access lists. Times are milliseconds since 1970.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { SecretScopesTables } from './schema.ts'

export type ScopeSecretRow = Selectable<SecretScopesTables['secrets']>
export type SecretAclRow = Selectable<SecretScopesTables['secret_acls']>

export async function listScopeNames(queries: Queries): Promise<string[]> {
  const rows = await queries.selectFrom('secret_scopes').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

/** True when it is new. */
export async function insertScope(queries: Queries, name: string): Promise<boolean> {
  const result = await queries
    .insertInto('secret_scopes')
    .values({ name })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Removes a scope with all that is in it. */
export async function deleteScope(queries: Queries, name: string): Promise<void> {
  await queries.deleteFrom('secret_scopes').where('name', '=', name).execute()
}

export async function listScopeSecrets(queries: Queries, scope: string): Promise<ScopeSecretRow[]> {
  return queries.selectFrom('secrets').selectAll().where('scope', '=', scope).orderBy('key').execute()
}

export async function findScopeSecret(
  queries: Queries,
  scope: string,
  key: string,
): Promise<ScopeSecretRow | undefined> {
  return queries
    .selectFrom('secrets')
    .selectAll()
    .where('scope', '=', scope)
    .where('key', '=', key)
    .executeTakeFirst()
}

/** Stores a secret, in place of one of that key. */
export async function putScopeSecret(queries: Queries, row: ScopeSecretRow): Promise<void> {
  const { sealed, updated_at } = row
  await queries
    .insertInto('secrets')
    .values(row)
    .onConflict((conflict) => conflict.columns(['scope', 'key']).doUpdateSet({ sealed, updated_at }))
    .execute()
}

/** True when there was such a secret. */
export async function deleteScopeSecret(queries: Queries, scope: string, key: string): Promise<boolean> {
  const result = await queries
    .deleteFrom('secrets')
    .where('scope', '=', scope)
    .where('key', '=', key)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Where a permission comes from: the access list of a scope, or the resource of an app. */
export type AclTable = 'secret_acls' | 'secret_attachments'

/** The lines of all scopes. */
export async function listSecretAcls(queries: Queries, table: AclTable): Promise<SecretAclRow[]> {
  return queries.selectFrom(table).selectAll().orderBy('principal_id').execute()
}

export async function putSecretAcl(queries: Queries, table: AclTable, row: SecretAclRow): Promise<void> {
  const { permission } = row
  await queries
    .insertInto(table)
    .values(row)
    .onConflict((conflict) => conflict.columns(['scope', 'principal_id']).doUpdateSet({ permission }))
    .execute()
}

/** True when there was such a line. */
export async function deleteSecretAcl(
  queries: Queries,
  table: AclTable,
  scope: string,
  principalId: number,
): Promise<boolean> {
  const result = await queries
    .deleteFrom(table)
    .where('scope', '=', scope)
    .where('principal_id', '=', principalId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}
