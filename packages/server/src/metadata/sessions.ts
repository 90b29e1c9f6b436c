// Browser sessions and one-time sign-in links, as hashes. Times are milliseconds since 1970.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { SessionsTables } from './schema.ts'

export async function insertSession(
  queries: Queries,
  row: SessionsTables['browser_sessions'],
): Promise<void> {
  await queries.insertInto('browser_sessions').values(row).execute()
}

export async function findSession(
  queries: Queries,
  hash: string,
): Promise<Selectable<SessionsTables['browser_sessions']> | undefined> {
  return queries.selectFrom('browser_sessions').selectAll().where('hash', '=', hash).executeTakeFirst()
}

export async function deleteSession(queries: Queries, hash: string): Promise<void> {
  await queries.deleteFrom('browser_sessions').where('hash', '=', hash).execute()
}

export async function insertSignInLink(
  queries: Queries,
  row: SessionsTables['sign_in_links'],
): Promise<void> {
  await queries.insertInto('sign_in_links').values(row).execute()
}

export async function findSignInLink(
  queries: Queries,
  hash: string,
): Promise<Selectable<SessionsTables['sign_in_links']> | undefined> {
  return queries.selectFrom('sign_in_links').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** Removes the link and returns it, so that it works once even when two requests race. */
export async function takeSignInLink(
  queries: Queries,
  hash: string,
): Promise<Selectable<SessionsTables['sign_in_links']> | undefined> {
  return queries.deleteFrom('sign_in_links').where('hash', '=', hash).returningAll().executeTakeFirst()
}

export async function deleteEndedSessions(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom('browser_sessions').where('expires_at', '<', before).execute()
  await queries.deleteFrom('sign_in_links').where('expires_at', '<', before).execute()
}
