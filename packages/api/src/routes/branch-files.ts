// Branches as files that are carried about: `packages/server/src/base/bundle`. The real service has none.
import { z } from 'zod'
import { branch } from '../resources/branch.ts'
import { branchParams, projectParams } from '../resources/fields.ts'
import { operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, catalogErrors, creationErrors } from './postgres.ts'

const base = '/api/2.0/lakelet/postgres/projects/:project'

/** What comes of a file of a branch. */
export const branchImport = z.object({
  /** Makes the branch; its response is the branch. */
  operation: operationOf(branch),
  source: z.object({
    /** Full name that the branch had where it was exported. */
    branch: z.string(),
    workspace_id: z.string(),
    /** The moment that it holds. */
    lsn: z.string(),
    time: z.string(),
    pg_version: z.int(),
  }),
  /** Bytes of its files. */
  bytes: z.int(),
  /** Roles of identities that this workspace does not have: nobody can log in as them, and what they own stays theirs. */
  roles_without_identity: z.array(
    z.object({ role: z.string(), identity_type: z.enum(['USER', 'SERVICE_PRINCIPAL', 'GROUP']) }),
  ),
})

export type BranchImport = z.output<typeof branchImport>

export const branchFileRoutes = {
  exportBranch: defineRoute({
    id: 'lakelet.exportBranch',
    method: 'GET',
    path: `${base}/branches/:branch/export`,
    summary: 'Read a branch as it is now as one file (.tar.zst) with checksums; clients go on',
    params: branchParams,
    reply: 'stream',
    contentType: 'application/zstd',
    errors: ['resource_not_found', 'branch_disk_full', 'branch_clone_failed', ...catalogErrors],
    permission: canManageProject,
  }),
  importBranch: defineRoute({
    id: 'lakelet.importBranch',
    method: 'POST',
    path: `${base}/branch-imports`,
    summary:
      'Make a root branch of the file of an exported branch; for admins, since a database can hold code that runs as its server',
    params: projectParams,
    query: z.object({
      /** Id of the new branch. */
      branch_id: z.string(),
      /** What errors call the file. */
      file: z.string().optional(),
    }),
    body: 'stream',
    reply: branchImport,
    errors: [
      ...creationErrors,
      'bundle_foreign',
      'bundle_damaged',
      'bundle_newer',
      'bundle_other_major',
      'bundle_disk_full',
    ],
    permission: { kind: 'admin' },
  }),
} as const
