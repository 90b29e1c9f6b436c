import { metricsRoutes, telemetryRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { TelemetryService } from '../services/telemetry.ts'

export function implementTelemetry(service: TelemetryService): ImplementedRoute[] {
  return implementRoutes(telemetryRoutes, {
    getTelemetry: ({ params, query }) => service.read(params, query),
  })
}

/** Handler of `/metrics`. */
export function implementMetrics(read: () => Promise<string>): ImplementedRoute[] {
  return implementRoutes(metricsRoutes, {
    getMetrics: async ({ http }) => {
      http.reply.header('cache-control', 'no-store')
      return Buffer.from(await read())
    },
  })
}
