import { extensionRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { ExtensionsService } from '../services/extensions.ts'

/** Handlers of `/api/2.0/lakelet/extensions`. */
export function implementExtensions(service: ExtensionsService): ImplementedRoute[] {
  return implementRoutes(extensionRoutes, {
    list: ({ query }) => service.list(query.pg_version),
    install: ({ body }) => service.install(body.name, body.pg_version),
  })
}
