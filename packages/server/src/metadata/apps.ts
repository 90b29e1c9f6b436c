import type { Queries } from './database.ts'
import type { AppRow } from './schema.ts'

export type { AppRow }

export async function findApp(queries: Queries, name: string): Promise<AppRow | undefined> {
  return queries.selectFrom('apps').selectAll().where('name', '=', name).executeTakeFirst()
}

/** Name of the app whose service principal has that id. */
export async function findAppNameOf(queries: Queries, principalId: number): Promise<string | undefined> {
  const row = await queries
    .selectFrom('apps')
    .select('name')
    .where('service_principal_id', '=', principalId)
    .executeTakeFirst()
  return row?.name
}

/** Every app by name, deleted ones whose removal is not finished included. */
export async function listApps(queries: Queries): Promise<AppRow[]> {
  return queries.selectFrom('apps').selectAll().orderBy('name').execute()
}

export async function insertApp(queries: Queries, row: AppRow): Promise<void> {
  await queries.insertInto('apps').values(row).execute()
}

export async function updateApp(
  queries: Queries,
  name: string,
  change: Partial<Omit<AppRow, 'name' | 'id'>>,
): Promise<void> {
  await queries.updateTable('apps').set(change).where('name', '=', name).execute()
}

export async function deleteApp(queries: Queries, name: string): Promise<void> {
  await queries.deleteFrom('apps').where('name', '=', name).execute()
}
