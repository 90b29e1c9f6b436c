// The commands of `lakelet postgres` as rows over the routes; one builder makes commands of them.
import {
  type RouteDefinition,
  branchRoutes,
  dataApiRoutes,
  databaseRoutes,
  endpointRoutes,
  missingRoutes,
  emptyRoutes,
  projectRoutes,
  refusedRoutes,
  roleRoutes,
  snapshotRoutes,
} from '@lakelet/api'

interface Row {
  /** Word after `postgres`. */
  readonly verb: string
  readonly route: RouteDefinition
  readonly hidden?: true
}

/** Creates something below PARENT (nothing above a project). */
export interface CreateRow extends Row {
  readonly kind: 'create'
  /** Path of the collection after the parent's name. */
  readonly suffix: string
  readonly hasParent: boolean
  /** Query parameter of the new id, and whether it is an argument or an option. */
  readonly id?: { readonly query: string; readonly as: 'argument' | 'option' }
  /** Further arguments, which go into the body. */
  readonly fields?: readonly string[]
  readonly canReplace?: true
}

export interface ReadRow extends Row {
  readonly kind: 'get' | 'update'
  readonly suffix?: string
}

export interface ListRow extends Row {
  readonly kind: 'list'
  readonly suffix: string
  readonly hasParent: boolean
  /** Field of the reply with the items. */
  readonly items: string
  readonly hasDeleted?: true
}

export interface DeleteRow extends Row {
  readonly kind: 'delete' | 'undelete'
  readonly suffix?: string
  /** Options that go into the query. */
  readonly options?: Readonly<
    Record<string, { readonly query: string; readonly summary: string; readonly value?: string }>
  >
}

export type PostgresRow = CreateRow | ReadRow | ListRow | DeleteRow

const purge = { purge: { query: 'purge', summary: 'delete for good, with no way back' } }

const projects: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-project',
    route: projectRoutes.createProject,
    suffix: 'projects',
    hasParent: false,
    id: { query: 'project_id', as: 'argument' },
  },
  { kind: 'get', verb: 'get-project', route: projectRoutes.getProject },
  {
    kind: 'list',
    verb: 'list-projects',
    route: projectRoutes.listProjects,
    suffix: 'projects',
    hasParent: false,
    items: 'projects',
    hasDeleted: true,
  },
  { kind: 'update', verb: 'update-project', route: projectRoutes.updateProject },
  { kind: 'delete', verb: 'delete-project', route: projectRoutes.deleteProject, options: purge },
  { kind: 'undelete', verb: 'undelete-project', route: projectRoutes.undeleteProject, suffix: '/undelete' },
]

const branches: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-branch',
    route: branchRoutes.createBranch,
    suffix: '/branches',
    hasParent: true,
    id: { query: 'branch_id', as: 'argument' },
    canReplace: true,
  },
  { kind: 'get', verb: 'get-branch', route: branchRoutes.getBranch },
  {
    kind: 'list',
    verb: 'list-branches',
    route: branchRoutes.listBranches,
    suffix: '/branches',
    hasParent: true,
    items: 'branches',
    hasDeleted: true,
  },
  { kind: 'update', verb: 'update-branch', route: branchRoutes.updateBranch },
  { kind: 'delete', verb: 'delete-branch', route: branchRoutes.deleteBranch, options: purge },
  {
    kind: 'undelete',
    verb: 'undelete-branch',
    route: branchRoutes.undeleteBranch,
    suffix: '/undelete',
    hidden: true,
  },
]

const endpoints: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-endpoint',
    route: endpointRoutes.createEndpoint,
    suffix: '/endpoints',
    hasParent: true,
    id: { query: 'endpoint_id', as: 'argument' },
    canReplace: true,
  },
  { kind: 'get', verb: 'get-endpoint', route: endpointRoutes.getEndpoint },
  {
    kind: 'list',
    verb: 'list-endpoints',
    route: endpointRoutes.listEndpoints,
    suffix: '/endpoints',
    hasParent: true,
    items: 'endpoints',
  },
  { kind: 'update', verb: 'update-endpoint', route: endpointRoutes.updateEndpoint },
  { kind: 'delete', verb: 'delete-endpoint', route: endpointRoutes.deleteEndpoint },
]

const databases: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-database',
    route: databaseRoutes.createDatabase,
    suffix: '/databases',
    hasParent: true,
    id: { query: 'database_id', as: 'option' },
    canReplace: true,
  },
  { kind: 'get', verb: 'get-database', route: databaseRoutes.getDatabase },
  {
    kind: 'list',
    verb: 'list-databases',
    route: databaseRoutes.listDatabases,
    suffix: '/databases',
    hasParent: true,
    items: 'databases',
  },
  { kind: 'update', verb: 'update-database', route: databaseRoutes.updateDatabase },
  { kind: 'delete', verb: 'delete-database', route: databaseRoutes.deleteDatabase },
]

const dataApis: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-data-api',
    route: dataApiRoutes.createDataApi,
    suffix: '/data-api',
    hasParent: true,
    hidden: true,
  },
  { kind: 'get', verb: 'get-data-api', route: dataApiRoutes.getDataApi, hidden: true },
  { kind: 'update', verb: 'update-data-api', route: dataApiRoutes.updateDataApi, hidden: true },
  { kind: 'delete', verb: 'delete-data-api', route: dataApiRoutes.deleteDataApi, hidden: true },
]

const roles: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-role',
    route: roleRoutes.createRole,
    suffix: '/roles',
    hasParent: true,
    id: { query: 'role_id', as: 'option' },
    canReplace: true,
  },
  { kind: 'get', verb: 'get-role', route: roleRoutes.getRole },
  {
    kind: 'list',
    verb: 'list-roles',
    route: roleRoutes.listRoles,
    suffix: '/roles',
    hasParent: true,
    items: 'roles',
  },
  { kind: 'update', verb: 'update-role', route: roleRoutes.updateRole },
  {
    kind: 'delete',
    verb: 'delete-role',
    route: roleRoutes.deleteRole,
    options: {
      reassignOwnedTo: {
        query: 'reassign_owned_to',
        summary: 'role that gets what the deleted one owns',
        value: 'ROLE',
      },
    },
  },
]

const snapshots: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-snapshot',
    route: snapshotRoutes.createSnapshot,
    suffix: '/snapshots',
    hasParent: true,
    id: { query: 'snapshot_id', as: 'argument' },
  },
  { kind: 'get', verb: 'get-snapshot', route: snapshotRoutes.getSnapshot },
  {
    kind: 'list',
    verb: 'list-snapshots',
    route: snapshotRoutes.listSnapshots,
    suffix: '/snapshots',
    hasParent: true,
    items: 'snapshots',
  },
  { kind: 'delete', verb: 'delete-snapshot', route: snapshotRoutes.deleteSnapshot },
  { kind: 'get', verb: 'get-snapshot-schedule', route: snapshotRoutes.getSnapshotSchedule },
  { kind: 'update', verb: 'update-snapshot-schedule', route: snapshotRoutes.updateSnapshotSchedule },
]

const absent: readonly PostgresRow[] = [
  {
    kind: 'create',
    verb: 'create-catalog',
    route: refusedRoutes.createCatalog,
    suffix: 'catalogs',
    hasParent: false,
    id: { query: 'catalog_id', as: 'argument' },
    hidden: true,
  },
  { kind: 'get', verb: 'get-catalog', route: missingRoutes.getCatalog, hidden: true },
  { kind: 'delete', verb: 'delete-catalog', route: missingRoutes.deleteCatalog, hidden: true },
  {
    kind: 'create',
    verb: 'create-synced-table',
    route: refusedRoutes.createSyncedTable,
    suffix: 'synced_tables',
    hasParent: false,
    id: { query: 'synced_table_id', as: 'argument' },
    hidden: true,
  },
  { kind: 'get', verb: 'get-synced-table', route: missingRoutes.getSyncedTable, hidden: true },
  { kind: 'delete', verb: 'delete-synced-table', route: missingRoutes.deleteSyncedTable, hidden: true },
  {
    kind: 'create',
    verb: 'create-cdf-config',
    route: refusedRoutes.createCdfConfig,
    suffix: '/cdf-configs',
    hasParent: true,
    id: { query: 'cdf_config_id', as: 'option' },
    fields: ['catalog', 'schema', 'postgres_schema'],
    hidden: true,
  },
  {
    kind: 'list',
    verb: 'list-cdf-configs',
    route: emptyRoutes.listCdfConfigs,
    suffix: '/cdf-configs',
    hasParent: true,
    items: 'cdf_configs',
    hidden: true,
  },
  { kind: 'get', verb: 'get-cdf-config', route: missingRoutes.getCdfConfig, hidden: true },
  { kind: 'delete', verb: 'delete-cdf-config', route: missingRoutes.deleteCdfConfig, hidden: true },
  {
    kind: 'list',
    verb: 'list-cdf-statuses',
    route: missingRoutes.listCdfStatuses,
    suffix: '/cdf-statuses',
    hasParent: true,
    items: 'cdf_statuses',
    hidden: true,
  },
  { kind: 'get', verb: 'get-cdf-status', route: missingRoutes.getCdfStatus, hidden: true },
]

export const postgresRows: readonly PostgresRow[] = [
  ...projects,
  ...branches,
  ...endpoints,
  ...databases,
  ...dataApis,
  ...roles,
  ...snapshots,
  ...absent,
]
