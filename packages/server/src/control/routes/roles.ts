import { roleRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes, type RequestOf } from '../http/implementation.ts'
import type { Roles } from '../services/roles.ts'

type Creation = RequestOf<typeof roleRoutes.createRole | typeof roleRoutes.createRoleByPatch>

export function implementRoles(roles: Roles): ImplementedRoute[] {
  const create = ({ caller, params, query, body, signal }: Creation) =>
    roles.create(
      caller,
      params,
      { roleId: query.role_id, spec: body.spec ?? {}, replaceExisting: query.replace_existing === true },
      signal,
    )
  return implementRoutes(roleRoutes, {
    createRole: create,
    createRoleByPatch: create,
    listRoles: ({ params, query, signal }) => roles.list(params, query, signal),
    getRole: ({ params, signal }) => roles.get(params, signal),
    updateRole: ({ caller, params, query, body, signal }) =>
      roles.update(caller, params, query.update_mask, body.spec ?? {}, signal),
    revealRolePassword: ({ params, signal }) => roles.revealPassword(params, signal),
    deleteRole: ({ caller, params, query, signal }) =>
      roles.delete(caller, params, query.reassign_owned_to, signal),
  })
}
