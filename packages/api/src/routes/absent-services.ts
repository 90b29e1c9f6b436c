// Services of a Databricks workspace that a local one does not have. Clients ask for their lists on the way to something else (pickers,
// completion, bundles), so those are empty; what would make or run something is refused by name.
import { z } from 'zod'
import type { RouteDefinition } from '../route.ts'
import { defineRoute } from '../route.ts'
import { emptyList, refused } from './absent-features.ts'

interface AbsentService {
  /** Name in route ids. */
  readonly id: string
  /** Name in messages. */
  readonly feature: string
  /** GET: an empty list. */
  readonly lists: readonly string[]
  /** POST unless another method is named: refused. */
  readonly writes: readonly string[]
}

const SERVICES: readonly AbsentService[] = [
  {
    id: 'jobs',
    feature: 'jobs',
    lists: ['/api/2.0/jobs/list', '/api/2.1/jobs/list', '/api/2.2/jobs/list', '/api/2.2/jobs/runs/list'],
    writes: [
      '/api/2.1/jobs/create',
      '/api/2.2/jobs/create',
      '/api/2.2/jobs/run-now',
      '/api/2.2/jobs/runs/submit',
    ],
  },
  {
    id: 'clusters',
    feature: 'clusters',
    lists: [
      '/api/2.0/clusters/list',
      '/api/2.1/clusters/list',
      '/api/2.0/policies/clusters/list',
      '/api/2.0/instance-pools/list',
      '/api/2.0/policy-families',
      '/api/2.0/libraries/all-cluster-statuses',
      '/api/2.0/global-init-scripts',
      '/api/2.0/instance-profiles/list',
    ],
    writes: ['/api/2.0/clusters/create', '/api/2.1/clusters/create', '/api/2.0/instance-pools/create'],
  },
  { id: 'pipelines', feature: 'pipelines', lists: ['/api/2.0/pipelines'], writes: ['/api/2.0/pipelines'] },
  {
    id: 'sql',
    feature: 'SQL warehouses',
    lists: [
      '/api/2.0/sql/warehouses',
      '/api/2.0/sql/queries',
      '/api/2.0/sql/alerts',
      '/api/2.0/sql/history/queries',
      '/api/2.0/preview/sql/data_sources',
      '/api/2.0/preview/sql/dashboards',
      '/api/2.0/alerts',
    ],
    writes: ['/api/2.0/sql/warehouses', '/api/2.0/sql/statements'],
  },
  {
    id: 'unityCatalog',
    feature: 'Unity Catalog',
    lists: [
      '/api/2.1/unity-catalog/catalogs',
      '/api/2.1/unity-catalog/schemas',
      '/api/2.1/unity-catalog/tables',
      '/api/2.1/unity-catalog/volumes',
      '/api/2.1/unity-catalog/metastores',
      '/api/2.1/unity-catalog/models',
      '/api/2.1/unity-catalog/functions',
      '/api/2.1/unity-catalog/connections',
      '/api/2.1/unity-catalog/storage-credentials',
      '/api/2.1/unity-catalog/external-locations',
      '/api/2.1/unity-catalog/shares',
      '/api/2.1/unity-catalog/recipients',
      '/api/2.1/unity-catalog/providers',
    ],
    writes: [
      '/api/2.1/unity-catalog/catalogs',
      '/api/2.1/unity-catalog/schemas',
      '/api/2.1/unity-catalog/volumes',
    ],
  },
  {
    id: 'dbfs',
    feature: 'DBFS',
    lists: ['/api/2.0/dbfs/list'],
    writes: ['/api/2.0/dbfs/put', '/api/2.0/dbfs/create', '/api/2.0/dbfs/mkdirs'],
  },
  {
    id: 'serving',
    feature: 'model serving',
    lists: ['/api/2.0/serving-endpoints', '/api/2.0/vector-search/endpoints'],
    writes: ['/api/2.0/serving-endpoints', '/api/2.0/vector-search/endpoints'],
  },
  {
    id: 'repos',
    feature: 'Git folders',
    lists: ['/api/2.0/repos', '/api/2.0/git-credentials'],
    writes: ['/api/2.0/repos'],
  },
  {
    id: 'mlflow',
    feature: 'MLflow',
    lists: ['/api/2.0/mlflow/experiments/list', '/api/2.0/mlflow/registered-models/list'],
    writes: ['/api/2.0/mlflow/experiments/create'],
  },
  {
    id: 'dashboards',
    feature: 'AI/BI dashboards',
    lists: ['/api/2.0/lakeview/dashboards'],
    writes: ['/api/2.0/lakeview/dashboards'],
  },
  { id: 'genie', feature: 'Genie', lists: ['/api/2.0/genie/spaces'], writes: ['/api/2.0/genie/spaces'] },
  {
    id: 'database',
    feature: 'provisioned database instances (projects of /api/2.0/postgres take their place)',
    lists: [],
    writes: ['/api/2.0/database/instances'],
  },
]

const named = (verb: string, service: AbsentService, path: string) => ({
  id: `${service.id}.${verb}${path.replace(/^\/api/, '').replaceAll(/[/._-]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
  path,
})

/** Lists of services that are not there. */
export const emptyServiceRoutes: Readonly<Record<string, RouteDefinition>> = Object.fromEntries(
  SERVICES.flatMap((service) =>
    service.lists.map((path) => {
      const route = emptyList(named('list', service, path), service.feature)
      return [route.id, route]
    }),
  ),
)

/** What would make something in a service that is not there. */
export const refusedServiceRoutes: Readonly<Record<string, ReturnType<typeof refused>>> = Object.fromEntries(
  SERVICES.flatMap((service) =>
    service.writes.map((path) => {
      const route = refused({ ...named('write', service, path), method: 'POST' }, service.feature)
      return [route.id, route]
    }),
  ),
)

/** The addresses of both, for tests and documents. */
export const absentServicePaths = SERVICES.map(({ feature, lists, writes }) => ({ feature, lists, writes }))

export const metastoreRoutes = {
  getSummary: defineRoute({
    id: 'unityCatalog.getMetastoreSummary',
    method: 'GET',
    path: '/api/2.1/unity-catalog/metastore_summary',
    summary: 'Say that there is no metastore',
    reply: z.object({}),
    errors: ['metastore_missing'],
    permission: { kind: 'authenticated' },
  }),
  getAssignment: defineRoute({
    id: 'unityCatalog.getCurrentMetastoreAssignment',
    method: 'GET',
    path: '/api/2.1/unity-catalog/current-metastore-assignment',
    summary: 'Say that no metastore belongs to the workspace',
    reply: z.object({}),
    errors: ['metastore_missing'],
    permission: { kind: 'authenticated' },
  }),
} as const
