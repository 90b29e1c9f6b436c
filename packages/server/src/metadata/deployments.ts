// Deployments as they are stored. Lists and builds are JSON in their columns; they are written and read as JSON here and nowhere else.
import type { AppHealthCheck, EnvVar } from '@lakelet/api'
import { z } from 'zod'
import type { Queries } from './database.ts'
import type { DeploymentColumns } from './schema.ts'

const variable = z.union([
  z.object({ name: z.string(), value: z.string() }),
  z.object({ name: z.string(), valueFrom: z.string() }),
])

const finishedBuild = z.object({
  directory: z.string(),
  binDirectories: z.array(z.string()),
  command: z.array(z.string()),
  env: z.array(variable),
})

/** A finished build: all that a start needs. */
export type FinishedBuild = z.output<typeof finishedBuild>

export interface DeploymentRow extends Omit<
  DeploymentColumns,
  'command' | 'env_vars' | 'health_check' | 'build'
> {
  /** Null where app.yaml decides. */
  readonly command: readonly string[] | null
  readonly env_vars: readonly EnvVar[] | null
  /** Null for nothing but listening. */
  readonly health_check: AppHealthCheck | null
  /** Null until there is one. */
  readonly build: FinishedBuild | null
}

export type DeploymentChange = Partial<Pick<DeploymentRow, 'state' | 'message' | 'build' | 'update_time'>>

export async function findDeployment(
  queries: Queries,
  app: string,
  id: string,
): Promise<DeploymentRow | undefined> {
  const row = await queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('app', '=', app)
    .where('deployment_id', '=', id)
    .executeTakeFirst()
  return row && rowOf(row)
}

/** The newest first. */
export async function listDeployments(queries: Queries, app: string): Promise<DeploymentRow[]> {
  const rows = await queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('app', '=', app)
    .orderBy('sequence', 'desc')
    .execute()
  return rows.map(rowOf)
}

export async function listDeploymentsInProgress(queries: Queries): Promise<DeploymentRow[]> {
  const rows = await queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('state', '=', 'IN_PROGRESS')
    .execute()
  return rows.map(rowOf)
}

/** The deployment of the app that is on its way, if there is one. */
export async function findDeploymentInProgress(
  queries: Queries,
  app: string,
): Promise<DeploymentRow | undefined> {
  const row = await queries
    .selectFrom('app_deployments')
    .selectAll()
    .where('app', '=', app)
    .where('state', '=', 'IN_PROGRESS')
    .orderBy('sequence', 'desc')
    .executeTakeFirst()
  return row && rowOf(row)
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
  const columns: DeploymentColumns = {
    ...row,
    command: jsonOrNull(row.command),
    env_vars: jsonOrNull(row.env_vars),
    health_check: jsonOrNull(row.health_check),
    build: jsonOrNull(row.build),
  }
  await queries.insertInto('app_deployments').values(columns).execute()
}

export async function updateDeployment(
  queries: Queries,
  id: string,
  { build, ...plain }: DeploymentChange,
): Promise<void> {
  const columns = build === undefined ? plain : { ...plain, build: jsonOrNull(build) }
  await queries.updateTable('app_deployments').set(columns).where('deployment_id', '=', id).execute()
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function rowOf(columns: DeploymentColumns): DeploymentRow {
  const { command, env_vars: variables, health_check: check, build } = columns
  return {
    ...columns,
    command: command === null ? null : (JSON.parse(command) as string[]),
    env_vars: variables === null ? null : (JSON.parse(variables) as EnvVar[]),
    health_check: check === null ? null : (JSON.parse(check) as AppHealthCheck),
    build: build === null ? null : finishedBuild.parse(JSON.parse(build)),
  }
}
