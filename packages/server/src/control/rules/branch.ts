// What a request may make of a branch.
import {
  branchActions,
  branchName,
  type BranchSpec,
  type BranchSubject,
  branchUpdate,
  parseResourceName,
  parseUpdateMask,
  requireAction,
  secondsOf,
} from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import {
  allBranchesOf,
  type BranchRow,
  childrenOf,
  findBranch,
  findBranchByUid,
  type NewBranchRow,
} from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { defaultEndpointSettingsOf, type ProjectRow } from '../../metadata/projects.ts'
import { type ControlDefaults, LIMITS } from './limits.ts'
import { readExpiry } from './branch-expiry.ts'
import { newBranch, newEndpoint } from './new-rows.ts'
import { type BranchRows, liveBranch, primaryEndpoint } from './resolve.ts'

/** Id of the endpoint that every branch starts with. */
export const FIRST_ENDPOINT = 'primary'

/** A branch in the eyes of `branchActions`. */
export async function branchSubjectOf(
  queries: Queries,
  { project, branch }: BranchRows,
): Promise<BranchSubject> {
  const children = await childrenOf(queries, branch.uid)
  return {
    name: branchName(project.project_id, branch.branch_id),
    id: branch.branch_id,
    state: branch.delete_time === null ? branch.state : 'DELETED',
    isProtected: branch.is_protected === 1,
    isDefault: project.default_branch_uid === branch.uid,
    isRoot: branch.source_branch_uid === null,
    isBrought: branch.source_snapshot_id !== null || branch.imported_from !== null,
    expires: branch.expire_time !== null,
    children: children.map((child) => child.branch_id),
  }
}

/** What a new branch is made of; of nothing that the workspace has where both are null. */
export type BranchOrigin = Pick<BranchRow, 'source_branch_uid' | 'source_snapshot_id'> &
  Partial<Pick<BranchRow, 'imported_from'>>

/** The rows of a new branch and its endpoint. LakeletError `invalid_parameter`. */
export function newBranchRows(
  project: ProjectRow,
  source: BranchOrigin,
  branchId: string,
  spec: BranchSpec,
  { now, defaults }: { readonly now: Date; readonly defaults: ControlDefaults },
) {
  const expiry = readExpiry(spec, now)
  if (spec.is_protected === true && (expiry?.expire_time ?? null) !== null) {
    throw invalid(because('protected_expires'))
  }
  const branch = newBranch(
    {
      branch_id: branchId,
      project_uid: project.uid,
      source_branch_uid: source.source_branch_uid,
      source_snapshot_id: source.source_snapshot_id,
      imported_from: source.imported_from ?? null,
      is_protected: Number(spec.is_protected ?? false),
      ...expiry,
    },
    now.toISOString(),
  )
  const settings = defaultEndpointSettingsOf(project)
  const timeout = settings.suspend_timeout_duration
  const endpoint = newEndpoint(
    {
      endpointId: FIRST_ENDPOINT,
      branchUid: branch.uid,
      size: {
        minCu: settings.autoscaling_limit_min_cu ?? defaults.minCu,
        maxCu: settings.autoscaling_limit_max_cu ?? defaults.maxCu,
        suspendSeconds: timeout === undefined ? null : secondsOf(timeout),
      },
      pgSettings: settings.pg_settings ?? {},
    },
    now.toISOString(),
  )
  return { branch, endpoint }
}

/** What an update stores. LakeletError `invalid_parameter`. */
export async function branchChanges(
  queries: Queries,
  { project, branch }: BranchRows,
  spec: BranchSpec,
  changed: ReadonlySet<string>,
  now: Date,
): Promise<Partial<NewBranchRow>> {
  await refuseNewSource(queries, { project, branch }, spec, changed)
  const expiry = changed.has('spec.expiration') ? readExpiry(spec, now) : undefined
  const isProtected = changed.has('spec.is_protected')
    ? spec.is_protected === true
    : branch.is_protected === 1
  const expires = (expiry ?? branch).expire_time !== null
  // Each is looked at in the light of the other, as both may change at once.
  const subject = { ...(await branchSubjectOf(queries, { project, branch })), isProtected, expires }
  if (isProtected) requireAction(branchActions, 'protect', subject)
  if (isProtected && branch.is_protected === 0) await refuseSecondProtected(queries, project.uid, branch.uid)
  if (expiry && expires) requireAction(branchActions, 'expire', subject)
  return { is_protected: Number(isProtected), ...expiry }
}

/** What an upsert changes: everything that the request sets. */
export function fieldsOfBranch(spec: BranchSpec): ReadonlySet<string> {
  return parseUpdateMask('*', { spec }, branchUpdate)
}

/** The branch to copy: ready, and not one that will go by itself. */
export async function sourceBranch(
  queries: Queries,
  project: ProjectRow,
  name: string | undefined,
): Promise<BranchRow> {
  const branch = await branchNamed(queries, project, name ?? project.default_branch_uid)
  requireAction(branchActions, 'branch_from', await branchSubjectOf(queries, { project, branch }))
  return branch
}

/** LakeletError `already_exists` where a branch that is not deleted has the id. */
export async function refuseTakenBranch(
  queries: Queries,
  project: ProjectRow,
  branchId: string,
): Promise<void> {
  const present = await findBranch(queries, project.uid, branchId)
  if (present?.delete_time === null) throw new LakeletError('already_exists', { type: 'branch' })
}

/**
 * A branch does not come back before the one it was made from, which could not have gone before it, nor while that one expires, which it would
 * be kept from by a child. One that is gone for good is no obstacle.
 */
export async function refuseOrphan(queries: Queries, branch: BranchRow): Promise<void> {
  const parent = await findBranchByUid(queries, branch.source_branch_uid ?? '')
  if (parent === undefined) return
  const params = { branch: branch.branch_id, parent: parent.branch_id }
  if (parent.delete_time !== null) throw invalid(because('undelete_parent_first', params))
  if (parent.expire_time !== null) throw invalid(because('undelete_expiring_parent', params))
}

/** Where a branch comes from. */
type Origin = Pick<NewBranchRow, 'source_branch_uid' | 'imported_from'>

/** As the service counts them: it knows no branches that came out of files. */
function isRoot({ source_branch_uid, imported_from }: Origin): boolean {
  return source_branch_uid === null && (imported_from ?? null) === null
}

/** LakeletError `limit_reached` where the project has as many branches as it may, or as many roots where `branch` is to be one. */
export async function refuseFullProject(
  queries: Queries,
  project: ProjectRow,
  branch?: Origin,
): Promise<void> {
  const live = (await allBranchesOf(queries, project.uid)).filter((each) => each.delete_time === null)
  if (live.length >= LIMITS.branchesPerProject) {
    throw new LakeletError('limit_reached', { what: 'branches', limit: LIMITS.branchesPerProject })
  }
  if (!branch || !isRoot(branch)) return
  if (live.filter(isRoot).length >= LIMITS.rootBranchesPerProject) {
    throw new LakeletError('limit_reached', { what: 'root branches', limit: LIMITS.rootBranchesPerProject })
  }
}

/** A project has one protected branch at most. LakeletError `invalid_parameter`. */
export async function refuseSecondProtected(
  queries: Queries,
  projectUid: string,
  branchUid: string,
): Promise<void> {
  const branches = await allBranchesOf(queries, projectUid)
  const other = branches.find(
    (branch) => branch.is_protected === 1 && branch.delete_time === null && branch.uid !== branchUid,
  )
  if (other) throw invalid(because('second_protected', { branch: other.branch_id }))
}

async function refuseNewSource(
  queries: Queries,
  { project, branch }: BranchRows,
  spec: BranchSpec,
  changed: ReadonlySet<string>,
): Promise<void> {
  if (changed.has('spec.source_branch') && spec.source_branch !== undefined) {
    const source = await branchNamed(queries, project, spec.source_branch)
    if (source.uid !== branch.source_branch_uid) throw immutable('spec.source_branch')
  }
  if (changed.has('spec.source_branch_lsn') && spec.source_branch_lsn !== branch.source_lsn) {
    throw immutable('spec.source_branch_lsn')
  }
  const time = spec.source_branch_time
  if (changed.has('spec.source_branch_time') && time !== undefined) {
    if (Date.parse(time) !== Date.parse(branch.source_time ?? '')) throw immutable('spec.source_branch_time')
  }
  if (changed.has('spec.source_snapshot')) throw immutable('spec.source_snapshot')
}

/** A branch of the project by its id, its uid or its full name. LakeletError `invalid_parameter`, `resource_not_found`. */
export async function branchNamed(queries: Queries, project: ProjectRow, name: string): Promise<BranchRow> {
  const parsed = name.includes('/') ? parseResourceName(name) : { project: project.uid, branch: name }
  const isHere = parsed?.project === project.project_id || parsed?.project === project.uid
  if (!parsed?.branch || !isHere) {
    const example = `projects/${project.project_id}/branches/production`
    throw invalid(because('branch_of_project', { field: 'spec.source_branch', example }))
  }
  const { branch } = await liveBranch(queries, { project: project.uid, branch: parsed.branch })
  return branch
}

function immutable(field: string): LakeletError {
  return invalid(because('immutable', { field, type: 'branch' }))
}

function invalid(reason: Reason): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}

/** What resetting a branch from its parent works on. LakeletError `branch_not_ready` or `invalid_parameter`. */
export async function resetRows(
  queries: Queries,
  path: { readonly project: string; readonly branch: string },
) {
  const { project, branch } = await liveBranch(queries, path)
  requireAction(branchActions, 'reset', await branchSubjectOf(queries, { project, branch }))
  const parent = await findBranchByUid(queries, branch.source_branch_uid ?? '')
  if (!parent || parent.delete_time !== null) {
    throw new LakeletError('invalid_parameter', {
      reason: because('reset_parent_gone', { branch: branch.branch_id }),
    })
  }
  if (parent.state !== 'READY')
    throw new LakeletError('branch_not_ready', { name: parent.branch_id, state: parent.state })
  const [endpoint, source] = [
    await primaryEndpoint(queries, branch.uid),
    await primaryEndpoint(queries, parent.uid),
  ]
  const input = {
    projectUid: project.uid,
    branchUid: branch.uid,
    endpointUid: endpoint.uid,
    sourceUid: parent.uid,
    sourceEndpointUid: source.uid,
    renewsPasswords: parent.is_protected === 1,
  }
  return { parent, input }
}
