import { permissionRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { PermissionsService } from '../services/permissions.ts'

/** Handlers of `/api/2.0/permissions/…`. */
export function implementPermissions(service: PermissionsService): ImplementedRoute[] {
  return implementRoutes(permissionRoutes, {
    get: ({ caller, params }) => service.get(caller, params),
    set: ({ caller, params, body }) =>
      service.change(caller, params, body.access_control_list ?? [], 'replace'),
    update: ({ caller, params, body }) =>
      service.change(caller, params, body.access_control_list ?? [], 'add'),
    levels: ({ caller, params }) => service.levels(caller, params),
  })
}
