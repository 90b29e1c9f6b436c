import { z } from 'zod'
import { branchParams, duration, timestamp } from '../resources/fields.ts'
import { endpointTelemetry } from '../resources/telemetry.ts'
import { defineRoute } from '../route.ts'
import { canUseProject } from './postgres.ts'

/** What was measured of computes: reading it wakes nothing and asks Postgres nothing. */
export const telemetryRoutes = {
  getTelemetry: defineRoute({
    id: 'lakelet.getEndpointTelemetry',
    method: 'GET',
    path: '/api/2.0/lakelet/projects/:project/branches/:branch/endpoints/:endpoint/telemetry',
    summary: 'Read what the compute of an endpoint did in a period of the last month, and when it slept',
    params: branchParams.extend({ endpoint: z.string() }),
    query: z.object({
      /** The last hour where both are left out. */
      start_time: timestamp.optional(),
      end_time: timestamp.optional(),
      /** As fine as fits the period where left out. */
      step: duration.optional(),
    }),
    reply: endpointTelemetry,
    errors: ['resource_not_found', 'invalid_parameter'],
    permission: canUseProject,
  }),
} as const

/**
 * At the path that Prometheus reads unless told otherwise. For admins: it names projects, branches and endpoints of everybody, and other users and
 * apps of this machine reach its port too. Prometheus sends a token with `authorization: { credentials_file: … }`.
 */
export const metricsRoutes = {
  getMetrics: defineRoute({
    id: 'lakelet.getMetrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Read what the workspace does in the text format of Prometheus',
    reply: 'raw',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    errors: [],
    permission: { kind: 'admin' },
  }),
} as const
