import { dataApiRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { DataApis } from '../services/data-apis.ts'

export function implementDataApis(dataApis: DataApis): ImplementedRoute[] {
  return implementRoutes(dataApiRoutes, {
    createDataApi: ({ caller, params, body, signal }) =>
      dataApis.create(caller, params, body.spec ?? {}, signal),
    getDataApi: ({ params, signal }) => dataApis.get(params, signal),
    updateDataApi: ({ caller, params, query, body, signal }) =>
      dataApis.update(caller, params, query.update_mask, body.spec ?? {}, signal),
    deleteDataApi: ({ caller, params, signal }) => dataApis.delete(caller, params, signal),
  })
}
