// oxlint-disable max-lines -- one table of what is absent, a line or two each
// Parts of the Postgres API that a Lakelet workspace does not have: their lists are empty, their items are not found, and
// their writes are refused by name. Nothing is silently accepted. One long list, because each entry is three lines of data and is only
// ever read beside its neighbours.
import { z } from 'zod'
import { branchParams, paging, projectParams } from '../resources/fields.ts'
import type { HttpMethod, Permission, RouteDefinition } from '../route.ts'
import { BRANCH, canManageProject, canUseProject, POSTGRES } from './postgres.ts'

const anybody: Permission = { kind: 'authenticated' }
const databaseParams = branchParams.extend({ database: z.string() })
const DATABASE = `${BRANCH}/databases/:database`
const PROJECT = `${POSTGRES}/projects/:project`
const none = z.object({})
const id = { id: z.string() }

export interface AbsentRoute {
  readonly id: string
  readonly method: HttpMethod
  readonly path: string
  readonly params?: z.ZodObject
}

/** A route that is refused with the name of its feature. */
export interface RefusedRoute extends RouteDefinition {
  readonly refusal: { readonly code: 'feature_disabled' | 'not_implemented'; readonly feature: string }
}

/** A route whose item can never be there. */
export interface MissingRoute extends RouteDefinition {
  readonly missingType: string
}

export function refused(
  route: AbsentRoute,
  feature: string,
  permission: Permission = anybody,
  code: RefusedRoute['refusal']['code'] = 'feature_disabled',
): RefusedRoute {
  return {
    ...route,
    summary: `Refused: ${feature}`,
    ...(route.method === 'DELETE' ? {} : { body: z.looseObject({}) }),
    reply: none,
    errors: permission.kind === 'object' ? [code, 'resource_not_found'] : [code],
    permission,
    refusal: { code, feature },
  }
}

export function emptyList(
  route: Omit<AbsentRoute, 'method'>,
  feature: string,
  permission: Permission = anybody,
): RouteDefinition {
  return {
    ...route,
    method: 'GET',
    summary: `Always empty: ${feature}`,
    query: paging,
    reply: none,
    errors: permission.kind === 'object' ? ['resource_not_found'] : [],
    permission,
  }
}

export function missing(
  route: Omit<AbsentRoute, 'method'> & { readonly method?: HttpMethod },
  type: string,
  permission: Permission = anybody,
): MissingRoute {
  return {
    method: 'GET',
    ...route,
    summary: `Never found: a ${type}`,
    reply: none,
    errors: ['resource_not_found'],
    permission,
    missingType: type,
  }
}

const CATALOGS = 'Unity Catalog'
const SYNCED = 'Synced tables'
const CDF = 'Change data feed'
const TABLES = 'Table serving'
const FORWARD_ETL = 'Forward ETL'
const REPLICATION = 'Replication between workspaces'

export const refusedRoutes = {
  createCatalog: refused(
    { id: 'postgres.createCatalog', method: 'POST', path: `${POSTGRES}/catalogs` },
    CATALOGS,
  ),
  createSyncedTable: refused(
    { id: 'postgres.createSyncedTable', method: 'POST', path: `${POSTGRES}/synced_tables` },
    SYNCED,
  ),
  createTable: refused({ id: 'postgres.createTable', method: 'POST', path: `${POSTGRES}/tables` }, TABLES),
  createCdfConfig: refused(
    {
      id: 'postgres.createCdfConfig',
      method: 'POST',
      path: `${DATABASE}/cdf-configs`,
      params: databaseParams,
    },
    CDF,
    canManageProject,
  ),
  deleteForwardEtl: refused(
    {
      id: 'postgres.deleteForwardEtl',
      method: 'DELETE',
      path: `${BRANCH}/forward-etl`,
      params: branchParams,
    },
    FORWARD_ETL,
    canManageProject,
  ),
  deleteForwardEtlConfiguration: refused(
    {
      id: 'postgres.deleteForwardEtlConfiguration',
      method: 'DELETE',
      path: `${BRANCH}/forward-etl/configuration`,
      params: branchParams,
    },
    FORWARD_ETL,
    canManageProject,
  ),
  createReplicationGroup: refused(
    {
      id: 'postgres.createReplicationGroup',
      method: 'POST',
      path: `${PROJECT}/preview/replication-groups`,
      params: projectParams,
    },
    REPLICATION,
    canManageProject,
  ),
} as const

export const emptyRoutes = {
  listCdfConfigs: emptyList(
    { id: 'postgres.listCdfConfigs', path: `${DATABASE}/cdf-configs`, params: databaseParams },
    CDF,
    canUseProject,
  ),
  getForwardEtl: emptyList(
    { id: 'postgres.getForwardEtl', path: `${BRANCH}/forward-etl`, params: branchParams },
    FORWARD_ETL,
    canUseProject,
  ),
  getForwardEtlMetadata: emptyList(
    { id: 'postgres.getForwardEtlMetadata', path: `${BRANCH}/forward-etl/metadata`, params: branchParams },
    FORWARD_ETL,
    canUseProject,
  ),
  listReplicationGroups: emptyList(
    {
      id: 'postgres.listReplicationGroups',
      path: `${PROJECT}/preview/replication-groups`,
      params: projectParams,
    },
    REPLICATION,
    canUseProject,
  ),
  listRecoveryBranches: emptyList(
    {
      id: 'postgres.listRecoveryBranches',
      path: `${PROJECT}/preview/recovery-branches`,
      params: projectParams,
    },
    REPLICATION,
    canUseProject,
  ),
  listDatabaseInstances: emptyList(
    { id: 'database.listInstances', path: '/api/2.0/database/instances' },
    'provisioned database instances',
  ),
} as const

export const missingRoutes = {
  getCatalog: missing(
    { id: 'postgres.getCatalog', path: `${POSTGRES}/catalogs/:id`, params: z.object(id) },
    'catalog',
  ),
  deleteCatalog: missing(
    {
      id: 'postgres.deleteCatalog',
      method: 'DELETE',
      path: `${POSTGRES}/catalogs/:id`,
      params: z.object(id),
    },
    'catalog',
  ),
  getSyncedTable: missing(
    { id: 'postgres.getSyncedTable', path: `${POSTGRES}/synced_tables/:id`, params: z.object(id) },
    'synced table',
  ),
  deleteSyncedTable: missing(
    {
      id: 'postgres.deleteSyncedTable',
      method: 'DELETE',
      path: `${POSTGRES}/synced_tables/:id`,
      params: z.object(id),
    },
    'synced table',
  ),
  getTable: missing(
    { id: 'postgres.getTable', path: `${POSTGRES}/tables/:id`, params: z.object(id) },
    'table',
  ),
  deleteTable: missing(
    { id: 'postgres.deleteTable', method: 'DELETE', path: `${POSTGRES}/tables/:id`, params: z.object(id) },
    'table',
  ),
  getCdfConfig: missing(
    { id: 'postgres.getCdfConfig', path: `${DATABASE}/cdf-configs/:id`, params: databaseParams.extend(id) },
    'cdf config',
    canUseProject,
  ),
  deleteCdfConfig: missing(
    {
      id: 'postgres.deleteCdfConfig',
      method: 'DELETE',
      path: `${DATABASE}/cdf-configs/:id`,
      params: databaseParams.extend(id),
    },
    'cdf config',
    canManageProject,
  ),
  listCdfStatuses: missing(
    {
      id: 'postgres.listCdfStatuses',
      path: `${DATABASE}/cdf-configs/:id/cdf-statuses`,
      params: databaseParams.extend(id),
    },
    'cdf config',
    canUseProject,
  ),
  getCdfStatus: missing(
    {
      id: 'postgres.getCdfStatus',
      path: `${DATABASE}/cdf-configs/:id/cdf-statuses/:table`,
      params: databaseParams.extend({ ...id, table: z.string() }),
    },
    'cdf config',
    canUseProject,
  ),
  getReplicationGroup: missing(
    {
      id: 'postgres.getReplicationGroup',
      path: `${PROJECT}/preview/replication-groups/:id`,
      params: projectParams.extend(id),
    },
    'replication group',
    canUseProject,
  ),
  getRecoveryBranch: missing(
    {
      id: 'postgres.getRecoveryBranch',
      path: `${PROJECT}/preview/recovery-branches/:id`,
      params: projectParams.extend(id),
    },
    'recovery branch',
    canUseProject,
  ),
  getDatabaseInstance: missing(
    { id: 'database.getInstance', path: '/api/2.0/database/instances/:id', params: z.object(id) },
    'database instance',
  ),
} as const
