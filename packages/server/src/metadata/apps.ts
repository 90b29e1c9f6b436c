import type { Queries } from './database.ts'

export interface AppsTables {
  apps: AppRow
}

export interface AppRow {
  readonly name: string
  readonly id: string
  readonly description: string
  readonly compute_size: 'MEDIUM' | 'LARGE' | 'XLARGE'
  /** What the user wants of the app; what it does is known to the process only. */
  readonly wanted: 'RUNNING' | 'STOPPED' | 'DELETED'
  readonly port: number
  readonly service_principal_id: number
  readonly client_id: string
  readonly service_principal_name: string
  readonly default_source_code_path: string | null
  readonly active_deployment: string | null
  /** JSON: list of app resources. */
  readonly resources: string
  /** JSON: list of scopes. */
  readonly user_api_scopes: string
  /** JSON: settings without effect here, by field. */
  readonly other_settings: string
  /** JSON: the state of the last `update` call. */
  readonly last_update: string | null
  /** User id of the operating system that it runs under; null until it has one. */
  readonly os_uid: number | null
  readonly creator: string
  readonly updater: string
  readonly create_time: string
  readonly update_time: string
}

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
