import { overviewRoutes, type Session } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import { type OverviewParts, readOverview } from '../services/overview.ts'

/** Handlers of `/api/2.0/lakelet/overview` and `/session`. */
export function implementOverview(
  parts: OverviewParts & { readonly session: Omit<Session, 'user' | 'kind' | 'is_admin'> },
): ImplementedRoute[] {
  return implementRoutes(overviewRoutes, {
    getOverview: ({ caller }) => readOverview(caller, parts),
    getSession: ({ caller }) => ({
      ...parts.session,
      user: caller.name,
      kind: caller.kind,
      is_admin: caller.isAdmin,
    }),
  })
}
