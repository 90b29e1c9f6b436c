import { z } from 'zod'
import { branchParams, paging, queryFlag, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { role, roleInput } from '../resources/role.ts'
import { defineRoute } from '../route.ts'
import { BRANCH, canManageProject, canUseProject, catalogErrors, writeErrors } from './postgres.ts'

const params = branchParams.extend({ role: z.string() })

const creation = {
  path: `${BRANCH}/roles`,
  params: branchParams,
  query: z.object({ role_id: z.string().optional(), replace_existing: queryFlag.optional() }),
  body: roleInput,
  reply: operationOf(role),
  errors: [
    ...writeErrors,
    ...catalogErrors,
    'invalid_id',
    'name_exists',
    'identity_unknown',
    'limit_reached',
  ],
  permission: canUseProject,
} as const

export const roleRoutes = {
  createRole: defineRoute({
    id: 'postgres.createRole',
    method: 'POST',
    summary: 'Create a Postgres role in a branch',
    ...creation,
  }),
  /** databricks-sdk 0.81.0 for Python creates roles with this method. */
  createRoleByPatch: defineRoute({
    id: 'postgres.createRoleByPatch',
    method: 'PATCH',
    summary: 'Create a Postgres role in a branch, as the first SDKs ask for it',
    ...creation,
  }),
  listRoles: defineRoute({
    id: 'postgres.listRoles',
    method: 'GET',
    path: `${BRANCH}/roles`,
    summary: 'List the Postgres roles of a branch; wakes nothing',
    params: branchParams,
    query: paging,
    reply: z.object({ roles: z.array(role).optional(), next_page_token: z.string().optional() }),
    errors: ['resource_not_found', ...catalogErrors],
    permission: canUseProject,
  }),
  getRole: defineRoute({
    id: 'postgres.getRole',
    method: 'GET',
    path: `${BRANCH}/roles/:role`,
    summary: 'Read a Postgres role; wakes nothing',
    params,
    reply: role,
    errors: ['resource_not_found', ...catalogErrors],
    permission: canUseProject,
  }),
  updateRole: defineRoute({
    id: 'postgres.updateRole',
    method: 'PATCH',
    path: `${BRANCH}/roles/:role`,
    summary: 'Change the attributes, memberships or login method of a Postgres role',
    params,
    query: updateMaskQuery,
    body: roleInput,
    reply: operationOf(role),
    errors: [...writeErrors, ...catalogErrors],
    permission: canManageProject,
  }),
  revealRolePassword: defineRoute({
    id: 'postgres.revealRolePassword',
    method: 'POST',
    path: `${BRANCH}/roles/:role/password`,
    summary: 'Show the password that was made for a Postgres role',
    params,
    body: z.looseObject({}),
    reply: z.object({ password: z.string() }),
    errors: ['resource_not_found', ...catalogErrors, 'role_password_unknown', 'secret_unreadable'],
    permission: canManageProject,
  }),
  deleteRole: defineRoute({
    id: 'postgres.deleteRole',
    method: 'DELETE',
    path: `${BRANCH}/roles/:role`,
    summary: 'Drop a Postgres role, giving what it owns to another one if asked',
    params,
    query: z.object({ reassign_owned_to: z.string().optional() }),
    reply: operationOf(empty),
    errors: [...writeErrors, ...catalogErrors, 'role_owns_objects', 'owner_role_not_found'],
    permission: canManageProject,
  }),
} as const
