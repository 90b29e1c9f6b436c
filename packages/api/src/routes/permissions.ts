import { z } from 'zod'
import { accessControlRequest, objectPermissions } from '../resources/identity-permissions.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/permissions/:object_type/:object_id'
const params = z.object({ object_type: z.string(), object_id: z.string() })
const body = z.object({ access_control_list: z.array(accessControlRequest).max(1000).optional() })
const errors = [
  'resource_not_found',
  'named_principal_not_found',
  'permission_denied',
  'path_not_found',
  'feature_disabled',
] as const
const mayRead = { kind: 'service', rule: 'any level on the object' } as const
const mayChange = { kind: 'service', rule: 'CAN_MANAGE on the object' } as const

/** Who may do what with a project, an app, a folder or a file. */
export const permissionRoutes = {
  get: defineRoute({
    id: 'permissions.get',
    method: 'GET',
    path: base,
    summary: 'Shows the access control list of an object',
    params,
    reply: objectPermissions,
    errors,
    permission: mayRead,
  }),
  set: defineRoute({
    id: 'permissions.set',
    method: 'PUT',
    path: base,
    summary: 'Replaces the access control list of an object',
    params,
    body,
    reply: objectPermissions,
    errors,
    permission: mayChange,
  }),
  update: defineRoute({
    id: 'permissions.update',
    method: 'PATCH',
    path: base,
    summary: 'Adds to the access control list of an object',
    params,
    body,
    reply: objectPermissions,
    errors,
    permission: mayChange,
  }),
  levels: defineRoute({
    id: 'permissions.levels',
    method: 'GET',
    path: `${base}/permissionLevels`,
    summary: 'Lists the levels that can be granted on an object',
    params,
    reply: z.object({
      permission_levels: z.array(z.object({ permission_level: z.string(), description: z.string() })),
    }),
    errors,
    permission: mayRead,
  }),
} as const
