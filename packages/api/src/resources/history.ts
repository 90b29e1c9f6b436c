import { z } from 'zod'
import { branchLsn } from './branch.ts'
import { duration, timestamp } from './fields.ts'

/** A moment that clients are reading: an ephemeral branch, in no list of branches. */
const openMoment = z.object({
  /** One of both. */
  time: timestamp.optional(),
  lsn: z.string().optional(),
  open_time: timestamp,
  state: z.enum(['RECOVERING', 'OPEN']),
  session_count: z.int(),
})

export type OpenMoment = z.output<typeof openMoment>

/** Lakelet's own: the past of a branch that can be reached. */
export const branchHistory = z
  .object({
    name: z.string(),
    /** The first moment that a restore can ask for; absent while the history has not begun. */
    earliest_restore_time: timestamp.optional(),
    latest_restore_time: timestamp,
    earliest_restore_lsn: z.string().optional(),
    latest_restore_lsn: z.string(),
    history_retention_duration: duration,
    /** Copies of the data from which the log is replayed. */
    base_count: z.int(),
    base_bytes: z.int(),
    /** When each of them was made, the oldest first. */
    bases: z.array(z.object({ time: timestamp, lsn: z.string(), bytes: z.int() })),
    /** When how much of the log was archived, the oldest first: files that are near each other in time are one part. */
    log_activity: z.array(z.object({ start_time: timestamp, end_time: timestamp, bytes: z.int() })),
    archive_bytes: z.int(),
    /** Log that a restore to now would replay. */
    log_since_base_bytes: z.int(),
    /** The moments of it that are open for reading. */
    open_moments: z.array(openMoment),
    /** Why the log is not archived at present: Postgres keeps it meanwhile. */
    archive_problem: z.object({ since: timestamp, message: z.string() }).optional(),
  })
  .meta({ id: 'BranchHistory' })

export type BranchHistory = z.output<typeof branchHistory>

export const restoreInput = z.object({
  /** To the microsecond; the last commit at this time is still there. */
  time: timestamp.optional(),
  lsn: branchLsn.optional(),
  /** Id or full name of a snapshot of the project, in place of a moment. */
  snapshot: z.string().optional(),
  /** The branch itself becomes what it was, and what it is now is kept as a new branch; else the past becomes a new branch. */
  in_place: z.boolean().optional(),
  /** Id of the new branch; made up when absent. */
  branch_id: z.string().optional(),
  /** Life of the new branch, when it is not in place. */
  ttl: duration.optional(),
})

export type RestoreInput = z.output<typeof restoreInput>
