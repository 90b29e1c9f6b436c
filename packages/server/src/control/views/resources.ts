// Rows as the API shows them. Effective values stand in `status`; `spec` is never sent, as in the real service. What the
// database knows is gathered first (and may be cached), what changes by the second is added when the reply is made.
import {
  type Branch,
  branchName,
  durationOf,
  type Endpoint,
  endpointName,
  type Project,
  projectName,
} from '@lakelet/api'
import { allBranchesOf, type BranchRow, findBranchByUid } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { type EndpointRow, listEndpoints } from '../../metadata/endpoints.ts'
import { defaultEndpointSettingsOf, type ProjectRow } from '../../metadata/projects.ts'
import { sizeReply } from '../rules/compute-settings.ts'
import { type ControlParts, LIMITS } from '../context.ts'

type Live = Pick<ControlParts, 'computes' | 'hosts'>

/** A project with what its reply needs from other tables. */
export interface ProjectFacts {
  readonly row: ProjectRow
  readonly defaultBranchId: string
  readonly storageBytes: number
  readonly endpoints: readonly EndpointRow[]
}

export async function projectFacts(queries: Queries, row: ProjectRow): Promise<ProjectFacts> {
  const branches = await allBranchesOf(queries, row.uid)
  const live = branches.filter((branch) => branch.delete_time === null)
  const endpoints = await Promise.all(live.map((branch) => listEndpoints(queries, branch.uid)))
  return {
    row,
    defaultBranchId: branches.find((branch) => branch.uid === row.default_branch_uid)?.branch_id ?? '',
    storageBytes: live.reduce((sum, branch) => sum + branch.logical_size_bytes, 0),
    endpoints: endpoints.flat(),
  }
}

export function projectReply({ row, ...facts }: ProjectFacts, live: Live): Project {
  const lastActive = facts.endpoints
    .map((endpoint) => lastActiveTime(endpoint, live))
    .reduce((latest, time) => (time !== undefined && (latest ?? '') < time ? time : latest), undefined)
  return {
    name: projectName(row.project_id),
    project_id: row.project_id,
    uid: row.uid,
    create_time: row.create_time,
    update_time: row.update_time,
    ...deletion(row),
    status: {
      branch_logical_size_limit_bytes: LIMITS.branchSizeBytes,
      ...(row.budget_policy_id === null ? {} : { budget_policy_id: row.budget_policy_id }),
      ...(lastActive === undefined ? {} : { compute_last_active_time: lastActive }),
      ...(row.custom_tags === null
        ? {}
        : { custom_tags: JSON.parse(row.custom_tags) as NonNullable<Project['status']['custom_tags']> }),
      default_branch: branchName(row.project_id, facts.defaultBranchId),
      default_endpoint_settings: defaultEndpointSettingsOf(row),
      display_name: row.display_name,
      enable_pg_native_login: row.enable_pg_native_login === 1,
      history_retention_duration: durationOf(row.history_retention_seconds),
      owner: row.owner,
      pg_version: row.pg_version,
      project_id: row.project_id,
      synthetic_storage_size_bytes: facts.storageBytes,
    },
  }
}

/** A branch with what its reply needs from other tables. */
export interface BranchFacts {
  readonly row: BranchRow
  readonly project: ProjectRow
  readonly sourceBranchId: string | undefined
}

export async function branchFacts(
  queries: Queries,
  project: ProjectRow,
  row: BranchRow,
): Promise<BranchFacts> {
  const source =
    row.source_branch_uid === null ? undefined : await findBranchByUid(queries, row.source_branch_uid)
  return { row, project, sourceBranchId: source?.branch_id }
}

export function branchReply({ row, project, sourceBranchId }: BranchFacts): Branch {
  const isDeleted = row.delete_time !== null
  return {
    name: branchName(project.project_id, row.branch_id),
    branch_id: row.branch_id,
    parent: projectName(project.project_id),
    uid: row.uid,
    create_time: row.create_time,
    update_time: row.update_time,
    ...deletion(row),
    status: {
      branch_id: row.branch_id,
      current_state: isDeleted ? 'DELETED' : row.state,
      ...(row.state === 'READY' || isDeleted ? {} : { pending_state: 'READY' as const }),
      state_change_time: row.state_change_time,
      default: project.default_branch_uid === row.uid,
      is_protected: row.is_protected === 1,
      logical_size_bytes: row.logical_size_bytes,
      ...(row.expire_time === null ? {} : { expire_time: row.expire_time }),
      ...deletion(row),
      ...(sourceBranchId === undefined
        ? {}
        : { source_branch: branchName(project.project_id, sourceBranchId) }),
      ...(row.source_lsn === null ? {} : { source_branch_lsn: row.source_lsn }),
      ...(row.source_time === null ? {} : { source_branch_time: row.source_time }),
    },
  }
}

/** An endpoint with what its reply needs from other tables. */
export interface EndpointFacts {
  readonly row: EndpointRow
  readonly branch: BranchRow
  readonly project: ProjectRow
}

export function endpointReply({ row, branch, project }: EndpointFacts, live: Live): Endpoint {
  const parent = branchName(project.project_id, branch.branch_id)
  const lastActive = lastActiveTime(row, live)
  const { host, pooledHost } = live.hosts(row.uid)
  return {
    name: endpointName(project.project_id, branch.branch_id, row.endpoint_id),
    endpoint_id: row.endpoint_id,
    uid: row.uid,
    parent,
    create_time: row.create_time,
    update_time: row.update_time,
    status: {
      endpoint_id: row.endpoint_id,
      endpoint_type: row.type,
      ...endpointState(row.uid, branch.state, live),
      ...sizeReply({ minCu: row.min_cu, maxCu: row.max_cu, suspendSeconds: row.suspend_seconds }),
      disabled: row.disabled === 1,
      ...(row.pg_settings === NO_SETTINGS
        ? {}
        : { settings: { pg_settings: JSON.parse(row.pg_settings) as Record<string, string> } }),
      group: ONE_COMPUTE,
      ...(lastActive === undefined ? {} : { last_active_time: lastActive }),
      hosts: pooledHost === undefined ? { host } : { host, read_write_pooled_host: pooledHost },
    },
  }
}

const NO_SETTINGS = JSON.stringify({})
const ONE_COMPUTE = { min: 1, max: 1, enable_readable_secondaries: false } as const

/** A failed compute counts as idle: the next connection tries again. */
export function endpointState(
  endpointUid: string,
  branchState: BranchRow['state'],
  { computes }: Pick<Live, 'computes'>,
): Pick<Endpoint['status'], 'current_state' | 'pending_state'> {
  if (branchState === 'INIT') return { current_state: 'INIT', pending_state: 'ACTIVE' }
  switch (computes.state(endpointUid)) {
    case 'active':
      return { current_state: 'ACTIVE' }
    case 'starting':
      return { current_state: 'IDLE', pending_state: 'ACTIVE' }
    case 'stopping':
      return { current_state: 'ACTIVE', pending_state: 'IDLE' }
    case 'idle':
    case 'failed':
      return { current_state: 'IDLE' }
  }
}

function lastActiveTime(row: EndpointRow, { computes }: Live): string | undefined {
  const at = computes.activity(row.uid).lastActiveAt
  const live = at && isoText(at)
  const stored = row.last_active_time ?? undefined
  return live !== undefined && live > (stored ?? '') ? live : stored
}

/** Endpoints are asked for far more often than they are used, so the text of a time is kept with it. */
const isoTexts = new WeakMap<Date, string>()

function isoText(at: Date): string {
  let text = isoTexts.get(at)
  if (text === undefined) {
    text = at.toISOString()
    isoTexts.set(at, text)
  }
  return text
}

function deletion(row: { readonly delete_time: string | null; readonly purge_time: string | null }): {
  delete_time?: string
  purge_time?: string
} {
  return {
    ...(row.delete_time === null ? {} : { delete_time: row.delete_time }),
    ...(row.purge_time === null ? {} : { purge_time: row.purge_time }),
  }
}
