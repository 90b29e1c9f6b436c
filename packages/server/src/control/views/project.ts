// Effective values stand in `status`; `spec` is never sent, as in the real service. What the database knows is gathered first (and
// may be cached), what changes by the second is added when the view is made.
import { branchName, durationOf, type Project, projectName } from '@lakelet/api'
import { allBranchesOf } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { type EndpointRow, listEndpoints } from '../../metadata/endpoints.ts'
import { defaultEndpointSettingsOf, type ProjectRow } from '../../metadata/projects.ts'
import { LIMITS } from '../rules/limits.ts'
import { deletion } from './deletion.ts'
import { lastActiveTime, type Live } from './endpoint.ts'

/** A project with what its reply needs from other tables. */
export interface ProjectParts {
  readonly row: ProjectRow
  readonly defaultBranchId: string
  readonly storageBytes: number
  readonly endpoints: readonly EndpointRow[]
}

export async function partsOfProject(queries: Queries, row: ProjectRow): Promise<ProjectParts> {
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

export function viewProject({ row, ...facts }: ProjectParts, live: Live): Project {
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
      // A project that nobody has connected to holds nothing of its own yet.
      synthetic_storage_size_bytes: lastActive === undefined ? 0 : facts.storageBytes,
    },
  }
}
