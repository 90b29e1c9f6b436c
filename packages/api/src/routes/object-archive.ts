import { z } from 'zod'
import { defineRoute } from '../route.ts'

/** How far the archive in the object store is. */
export const objectArchiveStatus = z
  .object({
    url: z.string().optional(),
    /**
     * `off`: none is configured. `current`: all that is complete is there. `failing`: the store does not do what it is asked, which is tried again.
     * `stopped`: it takes a person, as where another copy of the workspace writes there, or the passphrase is wrong.
     */
    state: z.enum(['off', 'starting', 'current', 'behind', 'failing', 'stopped']),
    problem: z.object({ since: z.string(), message: z.string() }).optional(),
    /** What is complete and not there yet. */
    waiting_bytes: z.number(),
    waiting_files: z.int(),
    /** When the oldest of it was complete. */
    waiting_since: z.string().optional(),
    /** All that was committed and stored by then is there. */
    synced_time: z.string().optional(),
    /** Log was forgotten that the store never got. */
    has_gap: z.boolean(),
  })
  .meta({ id: 'ObjectArchiveStatus' })

export type ObjectArchiveStatusView = z.output<typeof objectArchiveStatus>

/** The archive of the workspace in an object store. The real service has none to show. */
export const objectArchiveRoutes = {
  getObjectArchive: defineRoute({
    id: 'lakelet.getObjectArchive',
    method: 'GET',
    path: '/api/2.0/lakelet/archive',
    summary: 'Read how far the archive of the workspace in an object store is',
    reply: objectArchiveStatus,
    errors: [],
    permission: { kind: 'admin' },
  }),
  syncObjectArchive: defineRoute({
    id: 'lakelet.syncObjectArchive',
    method: 'POST',
    path: '/api/2.0/lakelet/archive/sync',
    summary: 'Send all that was committed so far to the object store, and answer when it is there',
    reply: objectArchiveStatus,
    errors: ['object_archive_off', 'object_archive_failed'],
    permission: { kind: 'admin' },
  }),
} as const
