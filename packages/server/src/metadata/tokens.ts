// Personal access tokens and the secrets of service principals; both as hashes only. Times are milliseconds since 1970.
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Queries } from './database.ts'
import type { TokensTables } from './schema.ts'

export type PersonalTokenRow = Selectable<TokensTables['personal_tokens']>
export type SecretRow = Selectable<TokensTables['service_principal_secrets']>

export async function listPersonalTokens(queries: Queries): Promise<PersonalTokenRow[]> {
  return queries.selectFrom('personal_tokens').selectAll().orderBy('created_at').orderBy('id').execute()
}

export async function insertPersonalToken(
  queries: Queries,
  row: Insertable<TokensTables['personal_tokens']>,
): Promise<void> {
  await queries.insertInto('personal_tokens').values(row).execute()
}

export async function updatePersonalToken(
  queries: Queries,
  id: string,
  changes: Updateable<Pick<TokensTables['personal_tokens'], 'comment' | 'scopes'>>,
): Promise<void> {
  await queries.updateTable('personal_tokens').set(changes).where('id', '=', id).execute()
}

export async function deletePersonalToken(queries: Queries, id: string): Promise<void> {
  await queries.deleteFrom('personal_tokens').where('id', '=', id).execute()
}

export async function listSecrets(queries: Queries, principalId: number): Promise<SecretRow[]> {
  return queries
    .selectFrom('service_principal_secrets')
    .selectAll()
    .where('principal_id', '=', principalId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

export async function insertSecret(
  queries: Queries,
  row: Insertable<TokensTables['service_principal_secrets']>,
): Promise<void> {
  await queries.insertInto('service_principal_secrets').values(row).execute()
}

/** True when there was such a secret. */
export async function deleteSecret(queries: Queries, principalId: number, id: string): Promise<boolean> {
  const result = await queries
    .deleteFrom('service_principal_secrets')
    .where('principal_id', '=', principalId)
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes tokens and secrets that ended before `before`. */
export async function deleteEndedTokens(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom('personal_tokens').where('expires_at', '<', before).execute()
  await queries.deleteFrom('service_principal_secrets').where('expires_at', '<', before).execute()
}
