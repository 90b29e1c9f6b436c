import { z } from 'zod'
import { duration, resourceProblem, timestamp } from './fields.ts'

export const branchLsn = z
  .string()
  .regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, "expected a log position such as '0/1A2B3C'")

export const branchSpec = z.object({
  source_branch: z.string().optional(),
  source_branch_lsn: branchLsn.optional(),
  source_branch_time: timestamp.optional(),
  source_snapshot: z.string().optional(),
  ttl: duration.optional(),
  expire_time: timestamp.optional(),
  no_expiry: z.boolean().optional(),
  is_protected: z.boolean().optional(),
})

export type BranchSpec = z.output<typeof branchSpec>

/** The body of a create or an update. */
export const branchInput = z.object({ spec: branchSpec.optional() })

export const branchState = z.enum(['ARCHIVED', 'DELETED', 'IMPORTING', 'INIT', 'READY', 'RESETTING'])

export type BranchState = z.output<typeof branchState>

export const branch = z
  .object({
    name: z.string(),
    branch_id: z.string(),
    parent: z.string(),
    uid: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    delete_time: timestamp.optional(),
    purge_time: timestamp.optional(),
    status: z.object({
      branch_id: z.string(),
      current_state: branchState,
      pending_state: branchState.optional(),
      state_change_time: timestamp,
      default: z.boolean(),
      is_protected: z.boolean(),
      logical_size_bytes: z.int(),
      expire_time: timestamp.optional(),
      delete_time: timestamp.optional(),
      purge_time: timestamp.optional(),
      source_branch: z.string().optional(),
      source_branch_lsn: z.string().optional(),
      source_branch_time: timestamp.optional(),
      /** The snapshot that it was made from, in place of a branch. */
      source_snapshot: z.string().optional(),
      /** Lakelet's own: the full name that it had where the file was exported that it was made of. */
      imported_from: z.string().optional(),
      /** Lakelet's own: whether the files were shared with the source (reflink) or copied. */
      clone_method: z.enum(['reflink', 'copy']).optional(),
      /** Lakelet's own: bytes of the clone, how many of them were shared with the source, and how long it took. */
      clone_bytes: z.int().optional(),
      clone_shared_bytes: z.int().optional(),
      clone_duration: duration.optional(),
      problem: resourceProblem.optional(),
    }),
  })
  .meta({ id: 'Branch' })

export type Branch = z.output<typeof branch>
