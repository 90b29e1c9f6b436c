import { z } from 'zod'
import { defineRoute } from '../route.ts'

/** Calls that official clients make on their way and that mean nothing here. */
export const platformRoutes = {
  sendTelemetry: defineRoute({
    id: 'platform.sendTelemetry',
    method: 'POST',
    path: '/telemetry-ext',
    summary: 'Take the telemetry of the official CLI and throw it away',
    body: z.looseObject({ protoLogs: z.array(z.unknown()).optional() }),
    reply: z.object({ errors: z.array(z.never()), numProtoSuccess: z.int() }),
    errors: [],
    permission: { kind: 'public' },
  }),
} as const
