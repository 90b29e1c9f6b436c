// `/api/2.0/lakelet/postgres/…/branches/…`: what Lakelet can do with a branch beyond the API of the real service.
import { z } from 'zod'
import { branch, branchLsn } from '../resources/branch.ts'
import { branchParams, timestamp } from '../resources/fields.ts'
import { operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, canUseProject, catalogErrors, writeErrors } from './postgres.ts'

const base = '/api/2.0/lakelet/postgres/projects/:project/branches/:branch'

export const schemaComparison = z.object({
  /** Full name of the branch that the changes and the statements are for. */
  from: z.string(),
  /** Full name of the one that it becomes like. */
  to: z.string(),
  database: z.string(),
  /** Empty where the schemas are alike. */
  changes: z.array(
    z.object({
      action: z.enum(['add', 'remove', 'change']),
      /** `table`, `column`, `index`, `constraint`, `view`, `function`, `policy`, `grant`, `extension` and others. */
      kind: z.string(),
      /** As SQL names it. */
      name: z.string(),
      /** What of it is other, where it is on both sides. */
      attributes: z.array(z.string()).optional(),
    }),
  ),
  /** A script that makes the one like the other. */
  sql: z.string(),
  /** How many of its statements lose data. */
  destructive_statements: z.int(),
  /** What a person should know: roles that have to be made first, kinds of objects that are not compared. */
  notes: z.array(z.string()),
})
export type SchemaComparison = z.output<typeof schemaComparison>

export const branchControlRoutes = {
  compareBranch: defineRoute({
    id: 'lakelet.compareBranch',
    method: 'POST',
    path: `${base}/compare`,
    summary:
      'List what a database of a branch, as it is or was, has to change to become like that of another one; wakes both',
    params: branchParams,
    body: z.object({
      /** The other branch of the project: its id or full name. */
      with: z.string().min(1),
      /** The branch as it was at a moment of its past; one of both. */
      time: timestamp.optional(),
      lsn: branchLsn.optional(),
      /** The other one as it was; one of both. */
      with_time: timestamp.optional(),
      with_lsn: branchLsn.optional(),
      /** Postgres name of the database; `databricks_postgres` when left out. */
      database: z.string().optional(),
    }),
    reply: schemaComparison,
    errors: [
      'resource_not_found',
      'invalid_parameter',
      'schema_diff_failed',
      'history_not_begun',
      'history_not_reached',
      'past_moments_limit',
      'time_travel_off',
      ...catalogErrors,
    ],
    permission: canUseProject,
  }),
  resetBranch: defineRoute({
    id: 'lakelet.resetBranch',
    method: 'POST',
    path: `${base}/reset`,
    summary:
      'Give a branch the data that its parent has now; its endpoint, host name, credentials and ids stay',
    params: branchParams,
    body: z.object({}),
    reply: operationOf(branch),
    errors: [...writeErrors, 'branch_not_ready', 'invalid_parameter'],
    permission: canManageProject,
  }),
} as const
