// Deployments of bundles, their versions, and the operations and resources of those.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { BundleDeploymentsTables } from './schema.ts'

export type BundleDeploymentRow = Selectable<BundleDeploymentsTables['bundle_deployments']>
export type BundleVersionRow = Selectable<BundleDeploymentsTables['bundle_versions']>
export type BundleRecordRow = Selectable<BundleDeploymentsTables['bundle_records']>

/** The version number under which the resources of a deployment are kept; versions themselves start at 1. */
export const RESOURCES = 0

export async function listBundleDeployments(queries: Queries): Promise<BundleDeploymentRow[]> {
  return queries.selectFrom('bundle_deployments').selectAll().orderBy('id').execute()
}

export async function findBundleDeployment(
  queries: Queries,
  id: string,
): Promise<BundleDeploymentRow | undefined> {
  return queries.selectFrom('bundle_deployments').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function putBundleDeployment(queries: Queries, row: BundleDeploymentRow): Promise<void> {
  const { body } = row
  await queries
    .insertInto('bundle_deployments')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ body }))
    .execute()
}

/** Newest first. */
export async function listBundleVersions(queries: Queries, deployment: string): Promise<BundleVersionRow[]> {
  return queries
    .selectFrom('bundle_versions')
    .selectAll()
    .where('deployment_id', '=', deployment)
    .orderBy('version_id', 'desc')
    .execute()
}

export async function putBundleVersion(queries: Queries, row: BundleVersionRow): Promise<void> {
  const { body, locked_until } = row
  await queries
    .insertInto('bundle_versions')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['deployment_id', 'version_id']).doUpdateSet({ body, locked_until }),
    )
    .execute()
}

/** Operations of a version, or the resources of a deployment (`RESOURCES`), by key. */
export async function listBundleRecords(
  queries: Queries,
  deployment: string,
  version: number,
): Promise<BundleRecordRow[]> {
  return queries
    .selectFrom('bundle_records')
    .selectAll()
    .where('deployment_id', '=', deployment)
    .where('version_id', '=', version)
    .orderBy('resource_key')
    .execute()
}

export async function putBundleRecord(queries: Queries, row: BundleRecordRow): Promise<void> {
  const { body } = row
  await queries
    .insertInto('bundle_records')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['deployment_id', 'version_id', 'resource_key']).doUpdateSet({ body }),
    )
    .execute()
}

export async function deleteBundleRecord(
  queries: Queries,
  { deployment_id, version_id, resource_key }: Omit<BundleRecordRow, 'body'>,
): Promise<void> {
  await queries
    .deleteFrom('bundle_records')
    .where('deployment_id', '=', deployment_id)
    .where('version_id', '=', version_id)
    .where('resource_key', '=', resource_key)
    .execute()
}
