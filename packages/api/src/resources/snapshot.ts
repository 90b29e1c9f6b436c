// Snapshots of root branches, and the cadences at which the workspace takes them by itself.
import { z } from 'zod'
import { branchLsn } from './branch.ts'
import { duration, timestamp } from './fields.ts'

export const snapshotSpec = z.object({
  /** Full name of the branch, which has no parent. */
  source_branch: z.string().optional(),
  source_branch_lsn: branchLsn.optional(),
  source_branch_time: timestamp.optional(),
  ttl: duration.optional(),
  expire_time: timestamp.optional(),
  no_expiry: z.boolean().optional(),
})

export type SnapshotSpec = z.output<typeof snapshotSpec>

/** The body of a create. */
export const snapshotInput = z.object({ spec: snapshotSpec.optional() })

export const snapshot = z
  .object({
    name: z.string(),
    snapshot_id: z.string(),
    uid: z.string(),
    create_time: timestamp,
    status: z.object({
      /** Still named when that branch is gone: a snapshot outlives it. */
      source_branch: z.string(),
      /** Bytes of its files. Absent until it is ready. */
      full_size_bytes: z.int().optional(),
      /** Bytes of them, in blocks of 8 KiB, that differ from the last snapshot of the branch before this one; all of them where there is none. */
      diff_size_bytes: z.int().optional(),
      expire_time: timestamp.optional(),
      no_expiry: z.boolean().optional(),
      /** Lakelet's own: INIT until it is whole. */
      current_state: z.enum(['INIT', 'READY']),
      /** Lakelet's own: taken by the schedule of its branch. Those do not count against the limit. */
      scheduled: z.boolean(),
      /** Lakelet's own: exactly where its content ends, and when the branch was there. */
      source_branch_lsn: z.string().optional(),
      source_branch_time: timestamp.optional(),
      /** Lakelet's own: whether its files were shared with the branch (reflink) or copied. */
      clone_method: z.enum(['reflink', 'copy']).optional(),
    }),
  })
  .meta({ id: 'Snapshot' })

export type Snapshot = z.output<typeof snapshot>

const hour = z.int().min(0).max(23).default(0)

export const dayOfWeek = z.enum([
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
])

/** Hours and days are of UTC. Exactly one of the three is set. */
export const scheduleCadence = z.object({
  /** How long what it takes is kept: an hour at least. Counts from when it is taken; a change concerns later ones only. */
  retention: duration,
  daily_schedule: z.object({ hour }).optional(),
  weekly_schedule: z.object({ day_of_week: dayOfWeek, hour }).optional(),
  /** In a month without that day, on its last one. */
  monthly_schedule: z.object({ day: z.int().min(1).max(31), hour }).optional(),
})

export type ScheduleCadence = z.output<typeof scheduleCadence>

export const snapshotSchedule = z
  .object({
    name: z.string(),
    schedule: z.array(scheduleCadence),
    /** Lakelet's own: when the next one is due; absent without cadences. */
    next_snapshot_time: timestamp.optional(),
  })
  .meta({ id: 'SnapshotSchedule' })

export type SnapshotSchedule = z.output<typeof snapshotSchedule>

/** The body of an update: `schedule` replaces all cadences; none, and nothing is taken any more. */
export const snapshotScheduleInput = z.object({
  name: z.string().optional(),
  schedule: z.array(scheduleCadence).max(32).optional(),
})
