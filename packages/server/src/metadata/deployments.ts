import type { Queries } from './database.ts'
import type { DeploymentRow } from './schema.ts'

export type { DeploymentRow }

export async function findDeployment(
  queries: Queries,
  app: string,
  id: string,
): Promise<DeploymentRow | undefined> {
  return queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('app', '=', app)
    .where('deployment_id', '=', id)
    .executeTakeFirst()
}

/** The newest first. */
export async function listDeployments(queries: Queries, app: string): Promise<DeploymentRow[]> {
  return queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('app', '=', app)
    .orderBy('sequence', 'desc')
    .execute()
}

export async function listDeploymentsInProgress(queries: Queries): Promise<DeploymentRow[]> {
  return queries.selectFrom('app_deployments').selectAll().where('state', '=', 'IN_PROGRESS').execute()
}

export async function nextDeploymentSequence(queries: Queries, app: string): Promise<number> {
  const row = await queries
    .selectFrom('app_deployments')
    .select(({ fn }) => fn.max('sequence').as('last'))
    .where('app', '=', app)
    .executeTakeFirst()
  return (row?.last ?? 0) + 1
}

export async function insertDeployment(queries: Queries, row: DeploymentRow): Promise<void> {
  await queries.insertInto('app_deployments').values(row).execute()
}

export async function updateDeployment(
  queries: Queries,
  id: string,
  change: Partial<Pick<DeploymentRow, 'state' | 'message' | 'build' | 'update_time'>>,
): Promise<void> {
  await queries.updateTable('app_deployments').set(change).where('deployment_id', '=', id).execute()
}
