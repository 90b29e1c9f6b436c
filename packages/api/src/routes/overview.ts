import { overview, session } from '../resources/overview.ts'
import { defineRoute } from '../route.ts'

/** A whole workspace in one call. */
export const overviewRoutes = {
  getOverview: defineRoute({
    id: 'lakelet.getOverview',
    method: 'GET',
    path: '/api/2.0/lakelet/overview',
    summary: 'Read the projects with their branches and endpoints, and the apps, that the caller may use',
    reply: overview,
    errors: [],
    permission: { kind: 'service', rule: 'shows what the caller has CAN_USE on' },
  }),
  getSession: defineRoute({
    id: 'lakelet.getSession',
    method: 'GET',
    path: '/api/2.0/lakelet/session',
    summary: 'Read who calls and where the workspace is to be reached',
    reply: session,
    errors: [],
    permission: { kind: 'authenticated' },
  }),
} as const
