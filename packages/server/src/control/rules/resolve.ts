// From the ids (or uids) of a path to rows. What is above is looked for first; a deleted parent counts as missing.
import { LakeletError } from '../../base/errors.ts'
import { type BranchRow, findBranch } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { type EndpointRow, findEndpoint, listEndpoints } from '../../metadata/endpoints.ts'
import { findProject, type ProjectRow } from '../../metadata/projects.ts'
import { findSnapshot, type SnapshotRow } from '../../metadata/snapshots.ts'

export interface BranchPath {
  readonly project: string
  readonly branch: string
}

export interface BranchRows {
  readonly project: ProjectRow
  readonly branch: BranchRow
}

/** A project, deleted or not. LakeletError `resource_not_found`. */
export async function anyProject(queries: Queries, id: string): Promise<ProjectRow> {
  const row = await findProject(queries, id)
  if (!row) throw notFound('project')
  return row
}

/** A project that is not deleted. LakeletError `resource_not_found`. */
export async function liveProject(queries: Queries, id: string): Promise<ProjectRow> {
  const row = await anyProject(queries, id)
  if (row.delete_time !== null) throw notFound('project')
  return row
}

/** A branch, deleted or not, of a live project. LakeletError `resource_not_found`. */
export async function anyBranch(queries: Queries, path: BranchPath): Promise<BranchRows> {
  const project = await liveProject(queries, path.project)
  const branch = await findBranch(queries, project.uid, path.branch)
  if (!branch) throw notFound('branch')
  return { project, branch }
}

/** A branch that is not deleted, of a live project. LakeletError `resource_not_found`. */
export async function liveBranch(queries: Queries, path: BranchPath): Promise<BranchRows> {
  const rows = await anyBranch(queries, path)
  if (rows.branch.delete_time !== null) throw notFound('branch')
  return rows
}

/** An endpoint of a live branch. LakeletError `resource_not_found`. */
export async function liveEndpoint(
  queries: Queries,
  path: BranchPath & { readonly endpoint: string },
): Promise<BranchRows & { readonly endpoint: EndpointRow }> {
  const rows = await liveBranch(queries, path)
  const endpoint = await findEndpoint(queries, rows.branch.uid, path.endpoint)
  if (!endpoint) throw notFound('endpoint')
  return { ...rows, endpoint }
}

/** The endpoint through which a branch is administered: its read-write one. */
export async function primaryEndpoint(queries: Queries, branchUid: string): Promise<EndpointRow> {
  const endpoints = await listEndpoints(queries, branchUid)
  const primary = endpoints.find((each) => each.type === 'ENDPOINT_TYPE_READ_WRITE')
  if (!primary) throw notFound('endpoint')
  return primary
}

/** A snapshot of a live project, ready or not. LakeletError `resource_not_found`. */
export async function liveSnapshot(
  queries: Queries,
  path: { readonly project: string; readonly snapshot: string },
): Promise<{ readonly project: ProjectRow; readonly snapshot: SnapshotRow }> {
  const project = await liveProject(queries, path.project)
  const snapshot = await findSnapshot(queries, project.uid, path.snapshot)
  if (!snapshot) throw notFound('snapshot')
  return { project, snapshot }
}

export function notFound(type: string): LakeletError {
  return new LakeletError('resource_not_found', { type })
}

/** Lock scopes; see `Lock`. */
export const lockOf = {
  project: (projectUid: string) => `projects/${projectUid}`,
  /** Settings of a project, apart from its branches. */
  projectSettings: (projectUid: string) => `projects/${projectUid}/settings`,
  branch: (projectUid: string, branchUid: string) => `projects/${projectUid}/branches/${branchUid}`,
  snapshot: (projectUid: string, snapshotUid: string) => `projects/${projectUid}/snapshots/${snapshotUid}`,
  /** Taking snapshots of a branch by its schedule: one at a time, and others may go on with the branch. */
  schedule: (projectUid: string, branchUid: string) => `projects/${projectUid}/schedules/${branchUid}`,
} as const
