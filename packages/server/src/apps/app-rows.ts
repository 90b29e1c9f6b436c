// The rows of apps as this room asks for them. Only the operations of this room write them, and
// an app whose port is taken when its address opens.
import { LakeletError } from '../base/errors.ts'
import { type AppRow, findApp } from '../metadata/apps.ts'
import type { Queries } from '../metadata/database.ts'
import { type DeploymentRow, findDeployment } from '../metadata/deployments.ts'

/** LakeletError `app_not_found`. */
export async function getApp(queries: Queries, name: string): Promise<AppRow> {
  const row = await findApp(queries, name)
  if (!row) throw new LakeletError('app_not_found', { name })
  return row
}

/** LakeletError `deployment_not_found`. */
export async function getDeployment(queries: Queries, name: string, id: string): Promise<DeploymentRow> {
  const row = await findDeployment(queries, name, id)
  if (!row) throw new LakeletError('deployment_not_found', { deployment: id, name })
  return row
}

/** The deployment that the app runs, or would run. */
export async function activeDeployment(
  queries: Queries,
  row: Pick<AppRow, 'name' | 'active_deployment'>,
): Promise<DeploymentRow | undefined> {
  return row.active_deployment === null ? undefined : findDeployment(queries, row.name, row.active_deployment)
}
