// Pictures of apps.
import type { Queries } from './database.ts'

export async function findThumbnail(queries: Queries, app: string): Promise<Uint8Array | undefined> {
  const row = await queries
    .selectFrom('app_thumbnails')
    .select('picture')
    .where('app', '=', app)
    .executeTakeFirst()
  return row?.picture
}

export async function hasThumbnail(queries: Queries, app: string): Promise<boolean> {
  const row = await queries
    .selectFrom('app_thumbnails')
    .select('app')
    .where('app', '=', app)
    .executeTakeFirst()
  return row !== undefined
}

export async function putThumbnail(queries: Queries, app: string, picture: Uint8Array): Promise<void> {
  await queries
    .insertInto('app_thumbnails')
    .values({ app, picture })
    .onConflict((conflict) => conflict.column('app').doUpdateSet({ picture }))
    .execute()
}

/** One that is not there is no error. */
export async function deleteThumbnail(queries: Queries, app: string): Promise<void> {
  await queries.deleteFrom('app_thumbnails').where('app', '=', app).execute()
}
