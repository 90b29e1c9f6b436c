// What each deployment was made of: the names on disk and the blobs of their contents.
import type { Queries } from './database.ts'
import type { DeploymentFileRow } from './schema.ts'

export type { DeploymentFileRow }

/** Rows that one statement may insert: SQLite takes 32,766 values. */
const ROWS_AT_ONCE = 5000

export async function insertDeploymentFiles(
  queries: Queries,
  rows: readonly DeploymentFileRow[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE)
    await queries
      .insertInto('deployment_files')
      .values(rows.slice(start, start + ROWS_AT_ONCE))
      .execute()
}

/** Folders before what is in them. */
export async function listDeploymentFiles(queries: Queries, id: string): Promise<DeploymentFileRow[]> {
  return queries
    .selectFrom('deployment_files')
    .selectAll()
    .where('deployment_id', '=', id)
    .orderBy('path')
    .execute()
}

/** Deployments of the app whose files are kept. */
export async function listSnapshots(queries: Queries, app: string): Promise<string[]> {
  const rows = await queries
    .selectFrom('deployment_files')
    .innerJoin('app_deployments', 'app_deployments.deployment_id', 'deployment_files.deployment_id')
    .select('deployment_files.deployment_id')
    .distinct()
    .where('app_deployments.app', '=', app)
    .execute()
  return rows.map((row) => row.deployment_id)
}

/** Gives deployment `to` the files of deployment `from`. */
export async function copyDeploymentFiles(queries: Queries, from: string, to: string): Promise<void> {
  const rows = await listDeploymentFiles(queries, from)
  await insertDeploymentFiles(
    queries,
    rows.map((row) => ({ ...row, deployment_id: to })),
  )
}

export async function deleteDeploymentFiles(queries: Queries, id: string): Promise<void> {
  await queries.deleteFrom('deployment_files').where('deployment_id', '=', id).execute()
}
