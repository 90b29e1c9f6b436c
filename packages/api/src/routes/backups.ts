import { z } from 'zod'
import { defineRoute } from '../route.ts'

/** A line of the reply of a long call: how far it is, or how it ended. Empty lines only keep the connection. */
export const progressLine = z.union([
  z.object({ progress: z.string() }),
  z.object({ done: z.looseObject({}) }),
  z.object({ error: z.object({ error_code: z.string(), message: z.string() }) }),
])

/** Backups of the workspace, written where its server runs. The real service has none. */
export const backupRoutes = {
  backUp: defineRoute({
    id: 'lakelet.backUp',
    method: 'POST',
    path: '/api/2.0/lakelet/backup',
    summary:
      'Write a backup of the whole workspace to a new file (.tar.zst) or directory of the machine it runs on; answers lines of JSON',
    body: z.object({ to: z.string().min(1) }),
    reply: 'stream',
    contentType: 'application/x-ndjson',
    errors: ['bundle_target'],
    permission: { kind: 'admin' },
  }),
} as const
