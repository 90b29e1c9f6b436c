// Calls of official clients and what the real service was seen to answer, one a row. `{…}` in a path is filled in by the test. Each row
// says who witnessed the answer: `cloud` is a recording that the CLI's own acceptance tests check against the cloud, `testserver` the
// stand-in those tests run against, `client` what a client needs of the answer, `lakelet` a difference that is meant.

export type Witness = 'cloud' | 'testserver' | 'client' | 'lakelet'

export interface RecordedCall {
  readonly area: string
  readonly call: string
  readonly body?: object
  readonly status: number
  /** What the reply holds; more may be there. */
  readonly reply?: object
  /** Fields that the reply must not have, as paths with dots. */
  readonly absent?: readonly string[]
  readonly witness: Witness
  /** For people: what the row is about, where the call does not say it. */
  readonly note?: string
}

const PROJECT = '/api/2.0/postgres/projects/recorded'
const BRANCH = `${PROJECT}/branches/production`
const ENDPOINT = `${BRANCH}/endpoints/primary`
const APP = '/api/2.0/apps/recorded-app'
const HOME = '/Workspace/Users/jane.doe@example.com'

/** `path` as one segment of an address. */
export const segment = (path: string) => encodeURIComponent(path.slice(1))

const refused = { error_code: 'FEATURE_DISABLED' }
const empty = (area: string, path: string): RecordedCall => ({
  area,
  call: `GET ${path}`,
  status: 200,
  reply: {},
  witness: 'client',
  note: 'always empty',
})
const disabled = (area: string, path: string, body: object = {}): RecordedCall => ({
  area,
  call: `POST ${path}`,
  body,
  status: 400,
  reply: refused,
  witness: 'lakelet',
  note: 'not part of a local workspace',
})

export const recordedCalls: readonly RecordedCall[] = [
  {
    area: 'sign-in',
    call: 'GET /.well-known/databricks-config',
    status: 200,
    reply: { workspace_id: /^\d+$/, oidc_endpoint: /\/oidc$/ },
    absent: ['account_id'],
    witness: 'testserver',
  },
  {
    area: 'platform',
    call: 'GET /api/2.1/unity-catalog/current-metastore-assignment',
    status: 404,
    reply: { error_code: 'METASTORE_DOES_NOT_EXIST' },
    witness: 'client',
  },
  {
    area: 'platform',
    call: 'POST /telemetry-ext',
    body: { protoLogs: ['a', 'b'] },
    status: 200,
    reply: { numProtoSuccess: 2 },
    witness: 'client',
  },
  empty('jobs', '/api/2.2/jobs/list'),
  empty('jobs', '/api/2.1/jobs/list'),
  empty('jobs', '/api/2.2/jobs/runs/list'),
  disabled('jobs', '/api/2.2/jobs/create'),
  disabled('jobs', '/api/2.2/jobs/run-now'),
  disabled('jobs', '/api/2.2/jobs/runs/submit'),
  empty('clusters', '/api/2.1/clusters/list'),
  empty('clusters', '/api/2.0/policies/clusters/list'),
  empty('clusters', '/api/2.0/instance-pools/list'),
  disabled('clusters', '/api/2.1/clusters/create'),
  empty('pipelines', '/api/2.0/pipelines'),
  disabled('pipelines', '/api/2.0/pipelines'),
  empty('SQL warehouses', '/api/2.0/sql/warehouses'),
  empty('SQL warehouses', '/api/2.0/preview/sql/data_sources'),
  empty('SQL warehouses', '/api/2.0/alerts'),
  disabled('SQL warehouses', '/api/2.0/sql/warehouses'),
  disabled('SQL warehouses', '/api/2.0/sql/statements'),
  empty('Unity Catalog', '/api/2.1/unity-catalog/catalogs'),
  empty('Unity Catalog', '/api/2.1/unity-catalog/schemas'),
  empty('Unity Catalog', '/api/2.1/unity-catalog/tables'),
  empty('Unity Catalog', '/api/2.1/unity-catalog/volumes'),
  empty('Unity Catalog', '/api/2.1/unity-catalog/metastores'),
  disabled('Unity Catalog', '/api/2.1/unity-catalog/catalogs'),
  disabled('Unity Catalog', '/api/2.1/unity-catalog/schemas'),
  disabled('Unity Catalog', '/api/2.1/unity-catalog/volumes'),
  empty('DBFS', '/api/2.0/dbfs/list?path=/'),
  disabled('DBFS', '/api/2.0/dbfs/put'),
  empty('serving', '/api/2.0/serving-endpoints'),
  empty('serving', '/api/2.0/vector-search/endpoints'),
  disabled('serving', '/api/2.0/serving-endpoints'),
  empty('Git folders', '/api/2.0/repos'),
  disabled('Git folders', '/api/2.0/repos'),
  empty('secrets', '/api/2.0/secrets/scopes/list'),
  disabled('secrets', '/api/2.0/secrets/scopes/create'),
  disabled('secrets', '/api/2.0/secrets/put'),
  empty('database instances', '/api/2.0/database/instances'),
  disabled('database instances', '/api/2.0/database/instances'),
  {
    area: 'postgres',
    call: 'POST /api/2.0/postgres/projects?project_id=recorded',
    body: { spec: { display_name: 'Recorded' } },
    status: 409,
    reply: { error_code: 'ALREADY_EXISTS', message: 'project with such id already exists in the workspace' },
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: 'POST /api/2.0/postgres/projects',
    body: { spec: {} },
    status: 400,
    reply: { message: `Field 'project_id' is required, expected non-default value (not "")!` },
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: 'POST /api/2.0/postgres/projects?project_id=sixteen',
    body: { spec: { pg_version: 16 } },
    status: 501,
    reply: { message: /Postgres 16/ },
    witness: 'lakelet',
    note: 'until a workspace offers other versions, the refusal names the one asked for',
  },
  {
    area: 'postgres',
    call: `GET ${PROJECT}`,
    status: 200,
    reply: {
      name: 'projects/recorded',
      status: {
        branch_logical_size_limit_bytes: 8_796_093_022_208,
        default_branch: 'projects/recorded/branches/production',
        enable_pg_native_login: false,
        history_retention_duration: '604800s',
        project_id: 'recorded',
      },
    },
    absent: ['spec', 'status.compute_last_active_time'],
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: `GET ${ENDPOINT}`,
    status: 200,
    reply: {
      status: { endpoint_type: 'ENDPOINT_TYPE_READ_WRITE', disabled: false, group: { min: 1, max: 1 } },
    },
    absent: ['spec', 'status.last_active_time'],
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: `PATCH ${ENDPOINT}?update_mask=spec.autoscaling_limit_max_cu`,
    body: { spec: { autoscaling_limit_max_cu: 4, endpoint_type: '' } },
    status: 200,
    witness: 'client',
    note: 'the Go SDK sends a required field that nobody set as an empty text',
  },
  {
    area: 'postgres',
    call: `PATCH ${ENDPOINT}?update_mask=spec.settings.pg_settings`,
    body: { spec: { endpoint_type: '' } },
    status: 200,
    witness: 'client',
    note: 'an empty map is not sent at all; naming it clears it',
  },
  {
    area: 'postgres',
    call: `POST ${BRANCH}/databases?database_id=UPPER`,
    body: { spec: { postgres_database: 'x', role: 'projects/recorded/branches/production/roles/jane-doe' } },
    status: 400,
    reply: {
      error_code: 'INVALID_PARAMETER_VALUE',
      message: "Field database_id must match pattern ^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$, got 'UPPER'.",
    },
    witness: 'lakelet',
  },
  {
    area: 'postgres',
    call: `DELETE ${ENDPOINT}`,
    status: 400,
    reply: {
      message: /Read-write endpoints cannot be deleted\.$/,
      details: [{ reason: 'RESOURCE_CONFLICT', metadata: { declarative_context: 'MANAGED_BY_PARENT' } }],
    },
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: `DELETE ${BRANCH}`,
    status: 400,
    reply: { message: /Root branches cannot be deleted independently\.$/ },
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: 'GET /api/2.0/postgres/projects/nowhere',
    status: 404,
    reply: { error_code: 'NOT_FOUND', message: /^project id not found \[TraceId: / },
    witness: 'cloud',
  },
  {
    area: 'postgres',
    call: `POST ${PROJECT}/branches?branch_id=`,
    body: {},
    status: 400,
    reply: { message: `Field 'branch_id' is required, expected non-default value (not "")!` },
    witness: 'testserver',
  },
  {
    area: 'apps',
    call: 'POST /api/2.0/apps?no_compute=true',
    body: { name: 'recorded-app', description: 'first' },
    status: 200,
    reply: {
      name: 'recorded-app',
      compute_status: { state: 'STOPPED' },
      app_status: { state: 'UNAVAILABLE' },
    },
    absent: ['active_deployment', 'pending_deployment'],
    witness: 'testserver',
  },
  {
    area: 'apps',
    call: 'POST /api/2.0/apps',
    body: { name: 'recorded-app' },
    status: 409,
    reply: {
      error_code: 'RESOURCE_ALREADY_EXISTS',
      message: 'An app with the same name already exists: recorded-app',
    },
    witness: 'cloud',
  },
  {
    area: 'apps',
    call: `POST ${APP}/update`,
    body: {
      app: {
        name: 'recorded-app',
        description: 'second',
        budget_policy_id: 'b',
        compute_max_instances: 2,
        git_repository: { url: 'https://x.example/r', provider: 'gitHub' },
      },
      update_mask:
        'description,budget_policy_id,usage_policy_id,resources,user_api_scopes,forward_user_access_token,compute_size,compute_min_instances,compute_max_instances,git_repository,telemetry_export_destinations',
    },
    status: 200,
    reply: { status: { state: 'SUCCEEDED' } },
    witness: 'testserver',
    note: 'every second deployment of a bundle names all of these fields',
  },
  {
    area: 'apps',
    call: `GET ${APP}`,
    status: 200,
    reply: {
      description: 'second',
      budget_policy_id: 'b',
      compute_max_instances: 2,
      git_repository: { provider: 'gitHub' },
    },
    absent: ['usage_policy_id', 'telemetry_export_destinations'],
    witness: 'testserver',
    note: 'what has no effect here is kept',
  },
  {
    area: 'apps',
    call: `POST ${APP}/update`,
    body: { app: { description: 'third' }, update_mask: 'description,budget_policy_id,git_repository' },
    status: 200,
    reply: { description: 'third' },
    witness: 'testserver',
  },
  {
    area: 'apps',
    call: `GET ${APP}`,
    status: 200,
    reply: { description: 'third', compute_status: { message: 'Start the app compute to deploy the app.' } },
    absent: ['budget_policy_id', 'git_repository', 'active_deployment'],
    witness: 'cloud',
  },
  { area: 'apps', call: 'GET /api/2.0/apps/nowhere', status: 404, witness: 'testserver' },
  {
    area: 'permissions',
    call: 'GET /api/2.0/permissions/apps/recorded-app',
    status: 200,
    reply: { object_id: '/apps/recorded-app', object_type: 'apps' },
    witness: 'client',
  },
  {
    area: 'permissions',
    call: 'GET /api/2.0/permissions/database-projects/recorded',
    status: 200,
    reply: { object_id: /^\/database-projects\//, object_type: 'database-projects' },
    witness: 'cloud',
  },
  {
    area: 'files',
    call: 'POST /api/2.0/workspace/mkdirs',
    body: { path: `${HOME}/recorded/sub` },
    status: 200,
    reply: {},
    witness: 'testserver',
  },
  {
    area: 'files',
    call: `POST /api/2.0/workspace-files/import-file/${segment(`${HOME}/recorded/one.txt`)}?overwrite=true`,
    body: {},
    status: 200,
    witness: 'testserver',
    note: 'slashes of the path as %2F, as clients send it',
  },
  {
    area: 'files',
    call: `POST /api/2.0/workspace-files/import-file${HOME}/recorded/sub/two.txt?overwrite=true`,
    body: {},
    status: 200,
    witness: 'testserver',
    note: 'slashes as they are, as a proxy in between makes them',
  },
  {
    area: 'files',
    call: `GET /api/2.0/workspace/get-status?path=${HOME}/recorded/sub/two.txt`,
    status: 200,
    reply: { object_type: 'FILE' },
    witness: 'testserver',
  },
  {
    area: 'files',
    call: `POST /api/2.0/workspace-files/import-file${HOME}/recorded/none/x.txt`,
    body: {},
    status: 404,
    reply: { message: `The parent folder (${HOME}/recorded/none) does not exist.` },
    witness: 'testserver',
  },
  {
    area: 'files',
    call: `POST /api/2.0/workspace-files/import-file${HOME}/recorded/one.txt?overwrite=false`,
    body: {},
    status: 409,
    reply: { error_code: 'RESOURCE_ALREADY_EXISTS' },
    witness: 'testserver',
  },
  {
    area: 'files',
    call: `GET /api/2.0/workspace/get-status?path=${HOME}/recorded/none`,
    status: 404,
    reply: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `Path (${HOME}/recorded/none) doesn't exist.` },
    witness: 'testserver',
  },
  {
    area: 'files',
    call: 'POST /api/2.0/workspace/delete',
    body: { path: `${HOME}/recorded` },
    status: 400,
    reply: { error_code: 'DIRECTORY_NOT_EMPTY', message: `Folder (${HOME}/recorded) is not empty` },
    witness: 'testserver',
  },
]
