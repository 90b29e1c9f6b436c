// Calls that bundles and databricks-sdk 0.162 make: deployments with their versions, and what is new of roles.
import type { RecordedCall } from './recorded-call.ts'

const BRANCH = '/api/2.0/postgres/projects/recorded/branches/production'
const ROLE = `${BRANCH}/roles/app-role`
const LIST = '/api/2.0/bundle/deployments'
const VERSION = `${LIST}/recorded/versions/1`
const OPERATION = `${VERSION}/operations/apps.web`

const postgres = { area: 'postgres', status: 200, witness: 'client' } as const
const invalid = { status: 400, reply: { error_code: 'INVALID_PARAMETER_VALUE' } } as const
const update = (mask: string, spec: object) => ({
  ...postgres,
  call: `PATCH ${ROLE}?update_mask=${mask}`,
  body: { spec },
})

export const rolePasswordCalls: readonly RecordedCall[] = [
  {
    ...postgres,
    call: `POST ${BRANCH}/roles?role_id=app-role`,
    body: { spec: { postgres_role: 'app_role' } },
  },
  {
    ...postgres,
    call: `POST ${ROLE}/password`,
    body: {},
    reply: { password: /^[\w-]{32}$/ },
    note: 'the password that was made for the role; databricks-sdk 0.162 on',
  },
  {
    ...postgres,
    call: `POST ${BRANCH}/roles/jane-doe/password`,
    body: {},
    status: 400,
    reply: { message: /logs in as its identity/ },
    witness: 'lakelet',
  },
  { ...update('spec.attributes.createdb', { attributes: { createdb: true }, postgres_role: 'ignored' }) },
  { ...update('spec.postgres_role', { postgres_role: 'other' }), ...invalid, note: 'fixed at creation' },
  { ...update('spec.auth_method', { auth_method: 'NO_LOGIN' }), ...invalid, note: 'fixed at creation' },
  { ...update('spec.identity_type', { identity_type: 'USER' }), ...invalid, note: 'fixed at creation' },
  { ...update('*', { attributes: { createdb: true } }), ...invalid, note: 'needs all three attributes' },
  { ...update('spec', { attributes: { createdb: false } }), note: 'the attributes that are sent' },
  {
    ...postgres,
    call: `PATCH ${BRANCH}/endpoints/primary?update_mask=spec.settings.pg_settings.work_mem`,
    body: { spec: { endpoint_type: '', settings: { pg_settings: { work_mem: '8MB' } } } },
    ...invalid,
    note: 'maps change as a whole',
  },
]

const bundle = { area: 'bundle deployments', status: 200, witness: 'client' } as const
const aborted = { status: 409, reply: { error_code: 'ABORTED' } } as const
const planned = { resource_key: 'apps.web', action_type: 'OPERATION_ACTION_TYPE_CREATE' }

export const bundleCalls: readonly RecordedCall[] = [
  {
    ...bundle,
    call: `POST ${LIST}?deployment_id=recorded`,
    body: { display_name: 'daily', target_name: 'dev', initial_parent_path: '/Workspace/Shared' },
    reply: { name: 'deployments/recorded', status: 'DEPLOYMENT_STATUS_ACTIVE', target_name: 'dev' },
    absent: ['initial_parent_path', 'last_version_id'],
  },
  {
    ...bundle,
    call: `POST ${LIST}?deployment_id=recorded`,
    body: {},
    status: 409,
    reply: { error_code: 'ALREADY_EXISTS' },
  },
  { ...bundle, call: `GET ${LIST}`, reply: { deployments: [{ name: 'deployments/recorded' }] } },
  {
    ...bundle,
    call: `PATCH ${LIST}/recorded?update_mask=display_name`,
    body: { display_name: 'renamed', target_name: 'ignored' },
    reply: { display_name: 'renamed', target_name: 'dev' },
  },
  { ...bundle, call: `PATCH ${LIST}/recorded?update_mask=status`, body: {}, ...invalid },
  {
    ...bundle,
    call: `POST ${LIST}/recorded/versions?version_id=1`,
    body: { cli_version: '1.12.1', version_type: 'VERSION_TYPE_DEPLOY', operations: [planned] },
    reply: { name: 'deployments/recorded/versions/1', status: 'VERSION_STATUS_IN_PROGRESS' },
    absent: ['operations'],
    note: 'takes the lock of the deployment',
  },
  {
    ...bundle,
    call: `POST ${LIST}/recorded/versions?version_id=2`,
    body: { previous_version_id: '1' },
    ...aborted,
    note: 'while another version holds the lock',
  },
  { ...bundle, call: `POST ${VERSION}/heartbeat`, body: {}, reply: { expire_time: /Z$/ } },
  {
    ...bundle,
    call: `GET ${VERSION}/operations`,
    reply: {
      operations: [{ resource_key: 'apps.web', status: 'OPERATION_STATUS_PENDING', sequence_id: 0 }],
    },
  },
  {
    ...bundle,
    call: `PATCH ${OPERATION}?update_mask=state,resource_id,status`,
    body: { sequence_id: 0, state: '{"n":1}', resource_id: 'web', status: 'OPERATION_STATUS_SUCCEEDED' },
    reply: { sequence_id: 1, resource_type: 'DEPLOYMENT_RESOURCE_TYPE_APP' },
    absent: ['state'],
  },
  {
    ...bundle,
    call: `PATCH ${OPERATION}?update_mask=state`,
    body: { sequence_id: 0, state: '{}' },
    ...aborted,
    note: 'somebody changed it in between',
  },
  { ...bundle, call: `PATCH ${OPERATION}?update_mask=action_type`, body: {}, ...invalid },
  { ...bundle, call: `GET ${OPERATION}`, reply: { resource_id: 'web' } },
  {
    ...bundle,
    call: `GET ${LIST}/recorded/resources/apps.web`,
    reply: { state: '{"n":1}', resource_id: 'web', last_version_id: '1' },
  },
  {
    ...bundle,
    call: `POST ${VERSION}/operations?resource_key=files.a/b.txt`,
    body: { action_type: 'OPERATION_ACTION_TYPE_CREATE', resource_id: 'x', state: 's' },
    reply: { name: 'deployments/recorded/versions/1/operations/files.a/b.txt' },
    note: 'as earlier clients record one',
  },
  { ...bundle, call: `GET ${LIST}/recorded/resources/files.a/b.txt`, reply: { state: 's' } },
  {
    ...bundle,
    call: `PATCH ${OPERATION}?update_mask=state`,
    body: { sequence_id: 1 },
    reply: { sequence_id: 2 },
  },
  {
    ...bundle,
    call: `GET ${LIST}/recorded/resources`,
    reply: { resources: [{ resource_key: 'files.a/b.txt' }] },
    note: 'an operation without a state took its resource away',
  },
  {
    ...bundle,
    call: `POST ${VERSION}/complete`,
    body: { completion_reason: 'VERSION_COMPLETE_SUCCESS' },
    reply: { status: 'VERSION_STATUS_COMPLETED', completion_reason: 'VERSION_COMPLETE_SUCCESS' },
  },
  { ...bundle, call: `POST ${VERSION}/heartbeat`, body: {}, ...aborted },
  { ...bundle, call: `GET ${VERSION}`, reply: { version_id: '1' } },
  { ...bundle, call: `POST ${LIST}/recorded/versions?version_id=1`, body: {}, ...invalid },
  {
    ...bundle,
    call: `POST ${LIST}/recorded/versions?version_id=2`,
    body: { previous_version_id: '7' },
    ...invalid,
    note: 'another deployment came in between',
  },
  { ...bundle, call: `GET ${LIST}/recorded/versions`, reply: { versions: [{ version_id: '1' }] } },
  { ...bundle, call: `DELETE ${LIST}/recorded`, reply: {} },
  {
    ...bundle,
    call: `GET ${LIST}/recorded`,
    reply: { status: 'DEPLOYMENT_STATUS_DELETED', last_successful_version_id: '1' },
  },
  { ...bundle, call: `GET ${LIST}/nowhere`, status: 404 },
]
