// Where the services of a Databricks workspace live that a local one does not have. What no route of the contract answers there says by name
// what is missing, instead of that there is no such API.

const ABSENT: readonly (readonly [feature: string, paths: readonly string[]])[] = [
  ['jobs', ['jobs/']],
  [
    'clusters',
    [
      'clusters/',
      'policies/',
      'policy-families',
      'instance-pools/',
      'instance-profiles/',
      'libraries/',
      'global-init-scripts',
      'commands/',
      'contexts/',
    ],
  ],
  ['pipelines', ['pipelines']],
  ['SQL warehouses', ['sql/', 'preview/sql/', 'alerts', 'queries']],
  [
    'Unity Catalog',
    ['unity-catalog', 'online-tables', 'lineage-tracking/', 'clean-rooms', 'quality-monitors'],
  ],
  ['volumes', ['fs/']],
  ['DBFS', ['dbfs/']],
  ['MLflow', ['mlflow/']],
  ['model serving', ['serving-endpoints', 'vector-search/']],
  ['AI/BI dashboards', ['lakeview/']],
  ['Genie', ['genie/', 'data-rooms/']],
  ['Git folders', ['repos', 'git-credentials']],
  ['provisioned database instances (projects of /api/2.0/postgres take their place)', ['database/']],
  [
    'settings of the account and the network',
    ['settings/', 'ip-access-lists', 'workspace-conf', 'token-management/'],
  ],
]

/** The name of the service that `path` would belong to, `/api/2.x/…`; undefined for every other path. */
export function absentFeatureAt(path: string): string | undefined {
  const place = /^\/api\/2\.\d\/(.+)$/.exec(path)?.[1]
  if (place === undefined) return undefined
  return ABSENT.find(([, prefixes]) => prefixes.some((prefix) => isAt(place, prefix)))?.[0]
}

/** A prefix without a slash at its end is a whole segment, so that `repos` is no part of `reposting`. */
function isAt(place: string, prefix: string): boolean {
  return prefix.endsWith('/') ? place.startsWith(prefix) : place === prefix || place.startsWith(`${prefix}/`)
}
