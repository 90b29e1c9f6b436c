import { computeControlRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { ComputeControl } from '../services/compute-control.ts'

/** Handlers of `/api/2.0/lakelet/postgres/…/wake`, `/suspend`, `/restart` and `/parking`. */
export function implementComputeControl(service: ComputeControl): ImplementedRoute[] {
  return implementRoutes(computeControlRoutes, {
    wake: ({ params, signal }) => service.wake(params, signal),
    suspend: ({ params }) => service.suspend(params),
    restart: ({ params, signal }) => service.restart(params, signal),
    getParking: ({ params }) => service.getParking(params),
    setParking: ({ params, body }) => service.setParking(params, body),
  })
}
