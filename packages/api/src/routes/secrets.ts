// `/api/2.0/secrets/…`: values that apps and tools read by scope and key.
import { z } from 'zod'
import { aclItem, createScopeBody, putSecretBody, secretPermission } from '../resources/secrets.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/secrets'
const empty = z.object({})
const scope = { scope: z.string() }
const missing = ['secret_scope_missing', 'permission_denied'] as const
const needs = (level: z.output<typeof secretPermission>) =>
  ({ kind: 'service', rule: `${level} on the scope; admins everything` }) as const

/** Somewhat more than the largest value (128 KiB) as base64. */
const putLimit = 256 * 1024

export const secretRoutes = {
  createScope: defineRoute({
    id: 'secrets.createScope',
    method: 'POST',
    path: `${base}/scopes/create`,
    summary: 'Create a secret scope, which its creator manages',
    body: createScopeBody,
    reply: empty,
    errors: ['scope_exists', 'limit_reached', 'feature_disabled'],
    permission: { kind: 'authenticated' },
  }),
  listScopes: defineRoute({
    id: 'secrets.listScopes',
    method: 'GET',
    path: `${base}/scopes/list`,
    summary: 'List the secret scopes that the caller may read',
    reply: z.object({
      scopes: z.array(z.object({ name: z.string(), backend_type: z.string() })).optional(),
    }),
    errors: [],
    permission: { kind: 'authenticated' },
  }),
  deleteScope: defineRoute({
    id: 'secrets.deleteScope',
    method: 'POST',
    path: `${base}/scopes/delete`,
    summary: 'Delete a secret scope with its secrets',
    body: z.object(scope),
    reply: empty,
    errors: missing,
    permission: needs('MANAGE'),
  }),
  put: defineRoute({
    id: 'secrets.put',
    method: 'POST',
    path: `${base}/put`,
    summary: 'Store a secret, in place of the one before',
    body: putSecretBody,
    bodyLimit: putLimit,
    reply: empty,
    errors: [...missing, 'limit_reached'],
    permission: needs('WRITE'),
  }),
  delete: defineRoute({
    id: 'secrets.delete',
    method: 'POST',
    path: `${base}/delete`,
    summary: 'Delete a secret',
    body: z.object({ ...scope, key: z.string() }),
    reply: empty,
    errors: [...missing, 'scope_secret_missing'],
    permission: needs('WRITE'),
  }),
  get: defineRoute({
    id: 'secrets.get',
    method: 'GET',
    path: `${base}/get`,
    summary: 'Read a secret; its value as base64',
    query: z.object({ ...scope, key: z.string() }),
    reply: z.object({ key: z.string(), value: z.string() }),
    errors: [...missing, 'scope_secret_missing', 'secret_unreadable'],
    permission: needs('READ'),
  }),
  list: defineRoute({
    id: 'secrets.list',
    method: 'GET',
    path: `${base}/list`,
    summary: 'List the secrets of a scope without their values',
    query: z.object(scope),
    reply: z.object({
      secrets: z.array(z.object({ key: z.string(), last_updated_timestamp: z.number() })).optional(),
    }),
    errors: missing,
    permission: needs('READ'),
  }),
  putAcl: defineRoute({
    id: 'secrets.putAcl',
    method: 'POST',
    path: `${base}/acls/put`,
    summary: 'Give a principal a permission on a scope, in place of the one it had',
    body: z.object({ ...scope, principal: z.string(), permission: secretPermission }),
    reply: empty,
    errors: [...missing, 'named_principal_not_found'],
    permission: needs('MANAGE'),
  }),
  deleteAcl: defineRoute({
    id: 'secrets.deleteAcl',
    method: 'POST',
    path: `${base}/acls/delete`,
    summary: "Take a principal's permission on a scope away",
    body: z.object({ ...scope, principal: z.string() }),
    reply: empty,
    errors: [...missing, 'acl_missing', 'named_principal_not_found'],
    permission: needs('MANAGE'),
  }),
  getAcl: defineRoute({
    id: 'secrets.getAcl',
    method: 'GET',
    path: `${base}/acls/get`,
    summary: "Read a principal's permission on a scope",
    query: z.object({ ...scope, principal: z.string() }),
    reply: aclItem,
    errors: [...missing, 'acl_missing', 'named_principal_not_found'],
    permission: needs('MANAGE'),
  }),
  listAcls: defineRoute({
    id: 'secrets.listAcls',
    method: 'GET',
    path: `${base}/acls/list`,
    summary: 'List who has which permission on a scope',
    query: z.object(scope),
    reply: z.object({ items: z.array(aclItem).optional() }),
    errors: missing,
    permission: needs('MANAGE'),
  }),
} as const
