import type { DefaultEndpointSettings } from '@lakelet/api'
import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { ProjectsTables } from './schema.ts'

export type ProjectRow = Selectable<ProjectsTables['projects']>
export type NewProjectRow = Insertable<ProjectsTables['projects']>

/** A project of that id or uid; of several with the same id the live one, else the one deleted last. */
export async function findProject(queries: Queries, idOrUid: string): Promise<ProjectRow | undefined> {
  const rows = await queries
    .selectFrom('projects')
    .selectAll()
    .where((where) => where.or([where('project_id', '=', idOrUid), where('uid', '=', idOrUid)]))
    .orderBy('seq', 'desc')
    .execute()
  return rows.find((row) => row.delete_time === null) ?? rows[0]
}

/** Projects after `afterSeq` in the order they were created. */
export async function listProjects(
  queries: Queries,
  page: { readonly afterSeq: number; readonly limit: number; readonly showDeleted: boolean },
): Promise<ProjectRow[]> {
  let query = queries.selectFrom('projects').selectAll().where('seq', '>', page.afterSeq)
  if (!page.showDeleted) query = query.where('delete_time', 'is', null)
  return query.orderBy('seq').limit(page.limit).execute()
}

export async function countProjects(queries: Queries): Promise<number> {
  const row = await queries
    .selectFrom('projects')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('delete_time', 'is', null)
    .executeTakeFirstOrThrow()
  return row.count
}

export async function insertProject(queries: Queries, row: NewProjectRow): Promise<void> {
  await queries.insertInto('projects').values(row).execute()
}

export async function updateProject(
  queries: Queries,
  uid: string,
  changes: Partial<NewProjectRow>,
): Promise<void> {
  await queries.updateTable('projects').set(changes).where('uid', '=', uid).execute()
}

/** Removes the rows of a project with all its branches and endpoints. */
export async function deleteProjectRow(queries: Queries, uid: string): Promise<void> {
  await queries.deleteFrom('projects').where('uid', '=', uid).execute()
}

/** Deleted projects whose time to be undeleted is over. */
export async function listProjectsToPurge(queries: Queries, now: string): Promise<ProjectRow[]> {
  return queries.selectFrom('projects').selectAll().where('purge_time', '<=', now).execute()
}

/** What new endpoints of the project start with. */
export function defaultEndpointSettingsOf(
  row: Pick<ProjectRow, 'default_endpoint_settings'>,
): DefaultEndpointSettings {
  return JSON.parse(row.default_endpoint_settings) as DefaultEndpointSettings
}

/** Every project of the workspace, deleted ones too. */
export async function allProjects(queries: Queries): Promise<ProjectRow[]> {
  return queries.selectFrom('projects').selectAll().orderBy('seq').execute()
}
