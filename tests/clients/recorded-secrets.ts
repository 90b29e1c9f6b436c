// Calls on secret scopes, as `databricks secrets …` and bundles make them.
import type { RecordedCall } from './recorded-call.ts'

const base = { area: 'secrets', status: 200 } as const
const SCOPE = { scope: 'recorded' }

export const secretCalls: readonly RecordedCall[] = [
  {
    ...base,
    call: 'POST /api/2.0/secrets/scopes/create',
    body: { ...SCOPE, scope_backend_type: 'DATABRICKS' },
    reply: {},
    witness: 'testserver',
  },
  {
    ...base,
    call: 'POST /api/2.0/secrets/scopes/create',
    body: SCOPE,
    status: 400,
    reply: { error_code: 'RESOURCE_ALREADY_EXISTS', message: /Scope recorded already exists/ },
    witness: 'testserver',
  },
  {
    ...base,
    call: 'GET /api/2.0/secrets/scopes/list',
    reply: { scopes: [{ name: 'recorded', backend_type: 'DATABRICKS' }] },
    witness: 'testserver',
  },
  {
    ...base,
    call: 'POST /api/2.0/secrets/put',
    body: { ...SCOPE, key: 'one', string_value: 'value' },
    reply: {},
    witness: 'testserver',
  },
  {
    ...base,
    call: 'GET /api/2.0/secrets/list?scope=recorded',
    reply: { secrets: [{ key: 'one' }] },
    witness: 'testserver',
    note: 'keys only',
  },
  {
    ...base,
    call: 'GET /api/2.0/secrets/get?scope=recorded&key=one',
    reply: { key: 'one', value: 'dmFsdWU=' },
    witness: 'testserver',
    note: 'the value as base64',
  },
  {
    ...base,
    call: 'GET /api/2.0/secrets/get?scope=recorded&key=two',
    status: 404,
    reply: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    witness: 'testserver',
  },
  {
    ...base,
    call: 'POST /api/2.0/secrets/acls/put',
    body: { ...SCOPE, principal: 'users', permission: 'READ' },
    reply: {},
    witness: 'testserver',
  },
  {
    ...base,
    call: 'GET /api/2.0/secrets/acls/list?scope=recorded',
    reply: { items: [{ permission: 'MANAGE' }, { principal: 'users', permission: 'READ' }] },
    witness: 'testserver',
    note: 'who made the scope manages it; what apps have by their resources is not listed, so that bundles do not take it away',
  },
  {
    ...base,
    call: 'POST /api/2.0/secrets/acls/delete',
    body: { ...SCOPE, principal: 'users' },
    reply: {},
    witness: 'testserver',
  },
  {
    ...base,
    call: 'POST /api/2.0/secrets/delete',
    body: { ...SCOPE, key: 'one' },
    reply: {},
    witness: 'client',
  },
  { ...base, call: 'POST /api/2.0/secrets/scopes/delete', body: SCOPE, reply: {}, witness: 'testserver' },
  {
    ...base,
    call: 'GET /api/2.0/secrets/list?scope=recorded',
    status: 404,
    reply: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    witness: 'testserver',
  },
]
