import { z } from 'zod'
import { paging } from '../resources/fields.ts'
import { operationList } from '../resources/operation.ts'
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
  listOperations: defineRoute({
    id: 'lakelet.listOperations',
    method: 'GET',
    path: '/api/2.0/lakelet/operations',
    summary: 'List operations of the last days, the newest first',
    query: paging.extend({ project: z.string().optional() }),
    reply: operationList,
    errors: ['invalid_parameter', 'resource_not_found'],
    permission: {
      kind: 'service',
      rule: 'shows what the caller started, and what happens in projects with CAN_USE; all to admins',
    },
  }),
} as const
