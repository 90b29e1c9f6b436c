// `databricks postgres …`, command by command in an order that works.
import { expect } from 'vitest'
import type { Call } from './cli-client.ts'

const base = '/api/2.0/postgres'
const project = 'projects/cli'
const branch = `${project}/branches/dev`
const endpoint = `${branch}/endpoints/primary`
const production = `${project}/branches/production`

const text = expect.any(String) as string
const traced = (type: string) =>
  expect.stringMatching(new RegExp(`^${type} id not found \\[TraceId: .+\\]$`)) as string

function get(command: string, name: string, reply: unknown): Call {
  return { command: `postgres ${command}`, method: 'GET', path: `${base}/${name}`, reply }
}

export const postgresCalls: readonly Call[] = [
  {
    command: 'postgres create-project cli',
    method: 'POST',
    path: `${base}/projects?project_id=cli`,
    body: { spec: { display_name: 'From the CLI', pg_version: 17 } },
    operation: {
      name: project,
      uid: text,
      status: { project_id: 'cli', display_name: 'From the CLI', enable_pg_native_login: false, owner: text },
    },
  },
  {
    command: 'postgres create-project without an id',
    method: 'POST',
    path: `${base}/projects`,
    body: {},
    status: 400,
    reply: {
      error_code: 'INVALID_PARAMETER_VALUE',
      message: 'Field \'project_id\' is required, expected non-default value (not "")!',
    },
  },
  {
    command: 'postgres create-project cli again',
    method: 'POST',
    path: `${base}/projects?project_id=cli`,
    body: {},
    status: 409,
    reply: {
      error_code: 'ALREADY_EXISTS',
      message: 'project with such id already exists in the workspace',
    },
  },
  get(`get-project ${project}`, project, { name: project, status: { default_branch: production } }),
  {
    command: 'postgres get-project projects/none',
    method: 'GET',
    path: `${base}/projects/none`,
    status: 404,
    reply: { error_code: 'NOT_FOUND', message: traced('project') },
  },
  get('list-projects --page-size 1', 'projects?page_size=1', { projects: [{ name: text }] }),
  get('list-projects --show-deleted', 'projects?show_deleted=true', { projects: expect.any(Array) as [] }),
  {
    command: `postgres update-project ${project} spec.display_name`,
    method: 'PATCH',
    path: `${base}/${project}?update_mask=spec.display_name`,
    body: { spec: { display_name: 'Renamed' } },
    operation: { status: { display_name: 'Renamed' } },
  },
  {
    command: 'bundle deploy (terraform names create-only fields in the mask)',
    method: 'PATCH',
    path: `${base}/${project}?update_mask=initial_branch_spec,initial_endpoint_spec,spec`,
    body: { name: project, spec: { display_name: 'From a bundle' } },
    operation: { status: { display_name: 'From a bundle' } },
  },
  {
    command: `postgres create-branch ${project} dev`,
    method: 'POST',
    path: `${base}/${project}/branches?branch_id=dev`,
    body: { spec: { source_branch: production, no_expiry: true } },
    operation: {
      name: branch,
      parent: project,
      status: { current_state: 'READY', source_branch: production, default: false, is_protected: false },
    },
  },
  get(`get-branch ${branch}`, branch, { status: { branch_id: 'dev' } }),
  get(`list-branches ${project}`, `${project}/branches`, {
    branches: [expect.anything(), expect.anything()],
  }),
  {
    command: `postgres update-branch ${branch} spec.expiration`,
    method: 'PATCH',
    path: `${base}/${branch}?update_mask=spec.expiration`,
    body: { spec: { ttl: '86400s' } },
    operation: { status: { expire_time: text } },
  },
  {
    command: `postgres create-endpoint ${branch} primary`,
    method: 'POST',
    path: `${base}/${branch}/endpoints?endpoint_id=primary`,
    body: { spec: { endpoint_type: 'ENDPOINT_TYPE_READ_WRITE' } },
    status: 409,
    reply: { error_code: 'ALREADY_EXISTS', message: 'endpoint with such id already exists' },
  },
  get(`get-endpoint ${endpoint}`, endpoint, {
    status: { hosts: { host: text }, endpoint_type: 'ENDPOINT_TYPE_READ_WRITE', disabled: false },
  }),
  get(`list-endpoints ${branch}`, `${branch}/endpoints`, { endpoints: [{ name: endpoint }] }),
  {
    command: `postgres update-endpoint ${endpoint} spec.suspension`,
    method: 'PATCH',
    path: `${base}/${endpoint}?update_mask=spec.suspension`,
    body: { spec: { suspend_timeout_duration: '300s' } },
    operation: { status: { suspend_timeout_duration: '300s' } },
  },
  {
    command: `postgres delete-endpoint ${endpoint}`,
    method: 'DELETE',
    path: `${base}/${endpoint}`,
    status: 400,
    reply: {
      error_code: 'BAD_REQUEST',
      message: expect.stringContaining('Read-write endpoints cannot be deleted.') as string,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'RESOURCE_CONFLICT',
          domain: 'databricks.com',
          metadata: { declarative_context: 'MANAGED_BY_PARENT' },
        },
      ],
    },
  },
  {
    command: `postgres create-role ${branch} --role-id native`,
    method: 'POST',
    path: `${base}/${branch}/roles?role_id=native`,
    body: { spec: { postgres_role: 'native' } },
    operation: {
      name: `${branch}/roles/native`,
      status: {
        role_id: 'native',
        postgres_role: 'native',
        identity_type: 'IDENTITY_TYPE_UNSPECIFIED',
        auth_method: 'PG_PASSWORD_SCRAM_SHA_256',
        attributes: { createdb: false, createrole: false, bypassrls: false },
      },
    },
  },
  {
    command: `postgres create-role ${branch} --role-id native`,
    method: 'POST',
    path: `${base}/${branch}/roles?role_id=native`,
    body: { spec: { postgres_role: 'native' } },
    status: 400,
    reply: { error_code: 'BAD_REQUEST', message: 'role with that name already exists' },
  },
  {
    command: `postgres create-role ${branch} --role-id native --replace-existing`,
    method: 'POST',
    path: `${base}/${branch}/roles?role_id=native&replace_existing=true`,
    body: { spec: { postgres_role: 'native', membership_roles: ['DATABRICKS_SUPERUSER'] } },
    operation: { status: { membership_roles: ['DATABRICKS_SUPERUSER'] } },
  },
  get(`get-role ${branch}/roles/native`, `${branch}/roles/native`, { status: { postgres_role: 'native' } }),
  get(`list-roles ${branch}`, `${branch}/roles`, { roles: expect.any(Array) as [] }),
  {
    command: `postgres update-role ${branch}/roles/native spec.attributes.createdb`,
    method: 'PATCH',
    path: `${base}/${branch}/roles/native?update_mask=spec.attributes.createdb`,
    body: { spec: { attributes: { createdb: true } } },
    operation: {
      status: {
        attributes: { createdb: true, createrole: false },
        membership_roles: ['DATABRICKS_SUPERUSER'],
      },
    },
  },
  {
    command: `postgres create-database ${branch} --database-id shop`,
    method: 'POST',
    path: `${base}/${branch}/databases?database_id=shop`,
    body: { spec: { postgres_database: 'shop', role: `${branch}/roles/native` } },
    operation: { status: { postgres_database: 'shop', role: `${branch}/roles/native` } },
  },
  {
    command: `postgres create-database ${branch} without a role`,
    method: 'POST',
    path: `${base}/${branch}/databases?database_id=other`,
    body: { spec: { postgres_database: 'other' } },
    status: 400,
    reply: {
      error_code: 'INVALID_PARAMETER_VALUE',
      message: 'Field \'database.spec.role\' is required, expected non-default value (not "")!',
    },
  },
  get(`get-database ${branch}/databases/shop`, `${branch}/databases/shop`, {
    status: { database_id: 'shop' },
  }),
  get(`list-databases ${branch}`, `${branch}/databases`, {
    databases: [expect.anything(), expect.anything()],
  }),
  {
    command: `postgres update-database ${branch}/databases/shop spec.postgres_database`,
    method: 'PATCH',
    path: `${base}/${branch}/databases/shop?update_mask=spec.postgres_database`,
    body: { spec: { postgres_database: 'store' } },
    operation: { status: { postgres_database: 'store' } },
  },
  {
    command: `postgres generate-database-credential ${endpoint} --ttl 300s`,
    method: 'POST',
    path: `${base}/credentials`,
    body: { endpoint, ttl: '300s' },
    reply: { token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string, expire_time: text },
  },
  {
    command: `postgres delete-database ${branch}/databases/shop`,
    method: 'DELETE',
    path: `${base}/${branch}/databases/shop`,
    operation: {},
  },
  {
    command: `postgres delete-role ${branch}/roles/native --reassign-owned-to`,
    method: 'DELETE',
    path: `${base}/${branch}/roles/native?reassign_owned_to=${branch}/roles/jane-doe`,
    operation: {},
  },
  ...['catalogs?catalog_id=c', 'synced_tables?synced_table_id=c.s.t'].map((path): Call => ({
    command: `postgres create-${path}`,
    method: 'POST',
    path: `${base}/${path}`,
    body: { spec: {} },
    status: 400,
    reply: { error_code: 'FEATURE_DISABLED' },
  })),
  ...['catalogs/c', 'synced_tables/c.s.t', `${branch}/databases/databricks-postgres/data-api`].map(
    (path): Call => ({
      command: `postgres get ${path}`,
      method: 'GET',
      path: `${base}/${path}`,
      status: 404,
      reply: { error_code: 'NOT_FOUND' },
    }),
  ),
  get('list-cdf-configs', `${branch}/databases/databricks-postgres/cdf-configs`, {}),
  {
    command: `postgres delete-branch ${branch}`,
    method: 'DELETE',
    path: `${base}/${branch}`,
    operation: {},
  },
  {
    command: `postgres undelete-branch ${branch}`,
    method: 'POST',
    path: `${base}/${branch}/undelete`,
    body: {},
    operation: {},
  },
  {
    command: `postgres delete-branch ${branch} --purge`,
    method: 'DELETE',
    path: `${base}/${branch}?purge=true`,
    operation: {},
  },
  {
    command: `postgres delete-branch ${production}`,
    method: 'DELETE',
    path: `${base}/${production}`,
    status: 400,
    reply: {
      error_code: 'BAD_REQUEST',
      message: expect.stringMatching(
        /^Cannot delete root branch '.+'\. Root branches cannot be deleted independently\.$/,
      ) as string,
      details: [{ reason: 'RESOURCE_CONFLICT', metadata: { declarative_context: 'MANAGED_BY_PARENT' } }],
    },
  },
  {
    command: 'permissions get database-projects cli',
    method: 'GET',
    path: '/api/2.0/permissions/database-projects/cli',
    reply: { object_type: text, access_control_list: expect.any(Array) as [] },
  },
  {
    command: `postgres delete-project ${project}`,
    method: 'DELETE',
    path: `${base}/${project}`,
    operation: {},
  },
  {
    command: `postgres undelete-project ${project}`,
    method: 'POST',
    path: `${base}/${project}/undelete`,
    body: {},
    operation: {},
  },
  {
    command: `postgres delete-project ${project} --purge`,
    method: 'DELETE',
    path: `${base}/${project}?purge=true`,
    operation: {},
  },
]
