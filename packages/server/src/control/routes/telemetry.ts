import { metricsRoutes, telemetryRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { TelemetryService } from '../services/telemetry.ts'

/** Handlers of `…/telemetry` and `/metrics`. */
export function implementTelemetry(
  service: TelemetryService,
  readMetrics: () => Promise<string>,
): ImplementedRoute[] {
  return [
    ...implementRoutes(telemetryRoutes, {
      getTelemetry: ({ caller, params, query }) => service.read(caller, params, query),
    }),
    ...implementRoutes(metricsRoutes, {
      getMetrics: async ({ http }) => {
        http.reply.header('cache-control', 'no-store')
        return Buffer.from(await readMetrics())
      },
    }),
  ]
}
