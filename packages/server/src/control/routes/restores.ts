import { restoreRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Restores } from '../services/restores.ts'

export function implementRestores(restores: Restores): ImplementedRoute[] {
  return implementRoutes(restoreRoutes, {
    getHistory: ({ params }) => restores.history(params),
    restore: ({ caller, params, body }) => restores.restore(caller, params, body),
  })
}
