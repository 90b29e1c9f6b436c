import { sqlRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { SqlRuns } from '../services/sql/sql-runs.ts'

/** Handlers of `/api/2.0/lakelet/sql/…`. */
export function implementSql(runs: SqlRuns): ImplementedRoute[] {
  return implementRoutes(sqlRoutes, {
    run: ({ caller, body, signal }) => runs.start(caller, body, signal),
    cancel: async ({ caller, params }) => {
      await runs.cancel(caller, params.run)
      return {}
    },
  })
}
