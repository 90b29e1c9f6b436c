import { telemetryRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { TelemetryService } from '../services/telemetry.ts'

export function implementTelemetry(service: TelemetryService): ImplementedRoute[] {
  return implementRoutes(telemetryRoutes, {
    getTelemetry: ({ params, query }) => service.read(params, query),
  })
}
