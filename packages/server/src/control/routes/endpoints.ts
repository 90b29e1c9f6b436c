import { endpointRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Endpoints } from '../services/endpoints.ts'

export function implementEndpoints(endpoints: Endpoints): ImplementedRoute[] {
  return implementRoutes(endpointRoutes, {
    createEndpoint: ({ caller, params, query, body }) =>
      endpoints.create(caller, params, query.endpoint_id, body.spec ?? {}, query.replace_existing === true),
    listEndpoints: ({ params, query }) => endpoints.list(params, query),
    getEndpoint: ({ params }) => endpoints.get(params),
    updateEndpoint: ({ caller, params, query, body }) =>
      endpoints.update(caller, params, query.update_mask, body.spec ?? {}),
    deleteEndpoint: ({ caller, params }) => endpoints.delete(caller, params),
    listComputeInstances: ({ params }) => endpoints.listInstances(params),
    getActivity: ({ caller, params }) => endpoints.getActivity(caller, params),
    getScaling: ({ params }) => endpoints.getScaling(params),
    listSessions: ({ params }) => endpoints.listSessions(params),
    getComputeInstance: ({ params }) => endpoints.getInstance(params, params.instance),
  })
}
