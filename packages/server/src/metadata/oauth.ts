// What the OAuth server keeps between two requests: codes, refresh tokens, grants, interactions.
import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { OAuthTables } from './schema.ts'

type ArtifactRow = Selectable<OAuthTables['oauth_artifacts']>

export async function upsertArtifact(
  queries: Queries,
  row: Insertable<OAuthTables['oauth_artifacts']>,
): Promise<void> {
  await queries.replaceInto('oauth_artifacts').values(row).execute()
}

export async function findArtifact(
  queries: Queries,
  model: string,
  id: string,
): Promise<ArtifactRow | undefined> {
  return queries
    .selectFrom('oauth_artifacts')
    .selectAll()
    .where('model', '=', model)
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function findArtifactByUid(
  queries: Queries,
  model: string,
  uid: string,
): Promise<ArtifactRow | undefined> {
  return queries
    .selectFrom('oauth_artifacts')
    .selectAll()
    .where('model', '=', model)
    .where('uid', '=', uid)
    .executeTakeFirst()
}

export async function setArtifactPayload(
  queries: Queries,
  model: string,
  id: string,
  payload: string,
): Promise<void> {
  await queries
    .updateTable('oauth_artifacts')
    .set({ payload })
    .where('model', '=', model)
    .where('id', '=', id)
    .execute()
}

export async function deleteArtifact(queries: Queries, model: string, id: string): Promise<void> {
  await queries.deleteFrom('oauth_artifacts').where('model', '=', model).where('id', '=', id).execute()
}

export async function deleteArtifactsOfGrant(queries: Queries, grantId: string): Promise<void> {
  await queries.deleteFrom('oauth_artifacts').where('grant_id', '=', grantId).execute()
}

/** Keeps the `most` rows of a model that were written last. */
export async function keepNewestArtifacts(queries: Queries, model: string, most: number): Promise<void> {
  const newest = queries
    .selectFrom('oauth_artifacts')
    .select('id')
    .where('model', '=', model)
    .orderBy('expires_at', 'desc')
    .limit(most)
  await queries
    .deleteFrom('oauth_artifacts')
    .where('model', '=', model)
    .where('id', 'not in', newest)
    .execute()
}

/** Removes what ended before `before`, in seconds since 1970. */
export async function deleteEndedArtifacts(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom('oauth_artifacts').where('expires_at', '<', before).execute()
}
