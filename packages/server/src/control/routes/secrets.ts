import { secretRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { SecretsService } from '../services/secrets.ts'

/** Handlers of `/api/2.0/secrets/…`. */
export function implementSecrets(service: SecretsService): ImplementedRoute[] {
  return implementRoutes(secretRoutes, {
    createScope: async ({ caller, body }) => {
      await service.createScope(caller, body)
      return {}
    },
    listScopes: ({ caller }) => service.listScopes(caller),
    deleteScope: async ({ caller, body }) => {
      await service.deleteScope(caller, body.scope)
      return {}
    },
    put: async ({ caller, body }) => {
      await service.put(caller, body)
      return {}
    },
    delete: async ({ caller, body }) => {
      await service.delete(caller, body.scope, body.key)
      return {}
    },
    get: ({ caller, query }) => service.get(caller, query.scope, query.key),
    list: ({ caller, query }) => service.list(caller, query.scope),
    putAcl: async ({ caller, body }) => {
      await service.putAcl(caller, body.scope, body.principal, body.permission)
      return {}
    },
    deleteAcl: async ({ caller, body }) => {
      await service.deleteAcl(caller, body.scope, body.principal)
      return {}
    },
    getAcl: ({ caller, query }) => service.getAcl(caller, query.scope, query.principal),
    listAcls: ({ caller, query }) => service.listAcls(caller, query.scope),
  })
}
