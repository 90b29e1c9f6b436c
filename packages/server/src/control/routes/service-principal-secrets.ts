import { servicePrincipalSecretRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { ServicePrincipalSecretsService } from '../services/service-principal-secrets.ts'

/** Handlers of `/api/2.0/accounts/servicePrincipals/{id}/credentials/secrets`. */
export function implementServicePrincipalSecrets(
  service: ServicePrincipalSecretsService,
): ImplementedRoute[] {
  return implementRoutes(servicePrincipalSecretRoutes, {
    create: ({ params, body }) => service.create(params.service_principal_id, body),
    list: ({ params }) => service.list(params.service_principal_id),
    revoke: async ({ params }) => {
      await service.revoke(params.service_principal_id, params.secret_id)
      return {}
    },
  })
}
