// Apps as they are stored. Lists and settings are JSON in their columns; they are written and read as JSON here and nowhere else.
import type { AppResource, AppUpdate, OtherAppSettings } from '@lakelet/api'
import type { Queries } from './database.ts'
import type { AppColumns } from './schema.ts'

export interface AppRow extends Omit<AppColumns, keyof JsonColumns> {
  readonly resources: readonly AppResource[]
  readonly user_api_scopes: readonly string[]
  /** Settings without effect here, by field. */
  readonly other_settings: OtherAppSettings
  /** The state of the last `update` call; null before the first. */
  readonly last_update: AppUpdate | null
}

type JsonColumns = Pick<AppColumns, 'resources' | 'user_api_scopes' | 'other_settings' | 'last_update'>

/** What may change of an app: everything but what it is found by. */
export type AppChange = Partial<Omit<AppRow, 'name' | 'id'>>

export async function findApp(queries: Queries, name: string): Promise<AppRow | undefined> {
  const row = await queries.selectFrom('apps').selectAll().where('name', '=', name).executeTakeFirst()
  return row && rowOf(row)
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
  return (await queries.selectFrom('apps').selectAll().orderBy('name').execute()).map(rowOf)
}

export async function insertApp(queries: Queries, row: AppRow): Promise<void> {
  const columns: AppColumns = {
    ...row,
    resources: JSON.stringify(row.resources),
    user_api_scopes: JSON.stringify(row.user_api_scopes),
    other_settings: JSON.stringify(row.other_settings),
    last_update: row.last_update === null ? null : JSON.stringify(row.last_update),
  }
  await queries.insertInto('apps').values(columns).execute()
}

export async function updateApp(queries: Queries, name: string, change: AppChange): Promise<void> {
  const { resources, user_api_scopes: scopes, other_settings: others, last_update: last, ...plain } = change
  const columns = {
    ...plain,
    ...(resources === undefined ? {} : { resources: JSON.stringify(resources) }),
    ...(scopes === undefined ? {} : { user_api_scopes: JSON.stringify(scopes) }),
    ...(others === undefined ? {} : { other_settings: JSON.stringify(others) }),
    ...(last === undefined ? {} : { last_update: last === null ? null : JSON.stringify(last) }),
  }
  if (Object.keys(columns).length === 0) return
  await queries.updateTable('apps').set(columns).where('name', '=', name).execute()
}

export async function deleteApp(queries: Queries, name: string): Promise<void> {
  await queries.deleteFrom('apps').where('name', '=', name).execute()
}

// Each column holds what was written above, which a request's schema has checked.
function rowOf(columns: AppColumns): AppRow {
  return {
    ...columns,
    resources: JSON.parse(columns.resources) as AppResource[],
    user_api_scopes: JSON.parse(columns.user_api_scopes) as string[],
    other_settings: JSON.parse(columns.other_settings) as OtherAppSettings,
    last_update: columns.last_update === null ? null : (JSON.parse(columns.last_update) as AppUpdate),
  }
}
