import { tokenRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { TokensService } from '../services/tokens.ts'

/** Handlers of `/api/2.0/token/…`. */
export function implementTokens(service: TokensService): ImplementedRoute[] {
  return implementRoutes(tokenRoutes, {
    create: ({ caller, body }) => service.create(caller, body),
    list: ({ caller }) => service.list(caller),
    revoke: async ({ caller, body }) => {
      await service.revoke(caller, body.token_id)
      return {}
    },
    update: async ({ caller, params, body }) => {
      await service.update(caller, params.token_id, body.token, body.update_mask)
      return {}
    },
  })
}
