import { databaseRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Databases } from '../services/databases.ts'

export function implementDatabases(databases: Databases): ImplementedRoute[] {
  return implementRoutes(databaseRoutes, {
    createDatabase: ({ caller, params, query, body, signal }) =>
      databases.create(
        caller,
        params,
        {
          databaseId: query.database_id,
          spec: body.spec ?? {},
          replaceExisting: query.replace_existing === true,
        },
        signal,
      ),
    listDatabases: ({ params, query, signal }) => databases.list(params, query, signal),
    getDatabase: ({ params, signal }) => databases.get(params, signal),
    updateDatabase: ({ caller, params, query, body, signal }) =>
      databases.update(caller, params, query.update_mask, body.spec ?? {}, signal),
    deleteDatabase: ({ caller, params, signal }) => databases.delete(caller, params, signal),
  })
}
