// The private keys that sign tokens. One signs; the others only verify until their last token has died.
import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { SigningKeysTables } from './schema.ts'

export type SigningKeyRow = Selectable<SigningKeysTables['signing_keys']>

export async function listSigningKeys(queries: Queries): Promise<SigningKeyRow[]> {
  return queries.selectFrom('signing_keys').selectAll().orderBy('created_at').execute()
}

/** Stores a new signing key; the ones before it verify until `verifyUntil`. */
export async function replaceSigningKey(
  queries: Queries,
  row: Insertable<SigningKeysTables['signing_keys']>,
  verifyUntil: number,
): Promise<void> {
  await queries
    .updateTable('signing_keys')
    .set({ verify_until: verifyUntil })
    .where('verify_until', 'is', null)
    .execute()
  await queries.insertInto('signing_keys').values(row).execute()
}

export async function deleteEndedSigningKeys(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom('signing_keys').where('verify_until', '<', before).execute()
}
