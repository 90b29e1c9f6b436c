// What a request may make of a project.
import {
  branchActions,
  type DefaultEndpointSettings,
  parseResourceName,
  type ProjectInput,
  type ProjectSpec,
  type ProjectSubject,
  requireAction,
  secondsOf,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { randomUUID } from '../../base/ids.ts'
import { allBranchesOf } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { defaultEndpointSettingsOf, type NewProjectRow, type ProjectRow } from '../../metadata/projects.ts'
import { DEFAULT_MAJOR, OFFERED_MAJORS } from '../../postgres/index.ts'
import type { ComputesPort } from '../ports.ts'
import type { ControlDefaults } from './limits.ts'
import { branchSubjectOf, FIRST_ENDPOINT } from './branch.ts'
import {
  type ComputeSize,
  checkPgSettings,
  checkPgSettingsTogether,
  ONE_COMPUTE,
  resolveComputeSize,
  resolveGroup,
  viewSize,
} from './compute-settings.ts'
import { newBranch, newEndpoint } from './new-rows.ts'
import { liveBranch } from './resolve.ts'

const SHORTEST_RETENTION_SECONDS = 172_800
const LONGEST_RETENTION_SECONDS = 3_024_000

/** Id of the branch that every project starts with. */
const FIRST_BRANCH = 'production'

/** A project in the eyes of `projectActions`. */
export async function projectSubjectOf(queries: Queries, project: ProjectRow): Promise<ProjectSubject> {
  const branches = await allBranchesOf(queries, project.uid)
  const guard = branches.find((branch) => branch.is_protected === 1 && branch.delete_time === null)
  return { isDeleted: project.delete_time !== null, protectedBranch: guard?.branch_id }
}

/** The rows of a new project, its first branch and endpoint. LakeletError `invalid_parameter` or `not_implemented`. */
export function newProjectRows(
  caller: Caller,
  projectId: string,
  input: ProjectInput,
  { now, defaults: general }: { readonly now: string; readonly defaults: ControlDefaults },
) {
  const spec = input.spec ?? {}
  refuseUnsupported(input)
  const major = majorOf(spec.pg_version)
  const uid = randomUUID()
  const branch = newBranch(
    {
      branch_id: FIRST_BRANCH,
      project_uid: uid,
      is_protected: Number(input.initial_branch_spec?.is_protected ?? false),
    },
    now,
  )
  const wanted = spec.default_endpoint_settings ?? {}
  const defaults = defaultSettings(wanted, general, { major, suspendSeconds: general.suspendSeconds })
  const size = resolveComputeSize(
    input.initial_endpoint_spec ?? {},
    defaults.size,
    'initial_endpoint_spec',
    general.suspendSeconds,
  )
  const compute = { suspendSeconds: size.suspendSeconds, isReadOnly: false }
  const group = resolveGroup(
    input.initial_endpoint_spec?.group,
    ONE_COMPUTE,
    'initial_endpoint_spec.group',
    compute,
  )
  const project: NewProjectRow = {
    uid,
    project_id: projectId,
    owner: caller.name,
    owner_id: caller.id,
    display_name: spec.display_name ?? projectId,
    pg_version: major,
    history_retention_seconds: retention(spec) ?? general.historyRetentionSeconds,
    default_endpoint_settings: JSON.stringify(defaults.settings),
    default_branch_uid: branch.uid,
    enable_pg_native_login: Number(spec.enable_pg_native_login ?? false),
    custom_tags: spec.custom_tags === undefined ? null : JSON.stringify(spec.custom_tags),
    budget_policy_id: spec.budget_policy_id ?? null,
    create_time: now,
    update_time: now,
    delete_time: null,
    purge_time: null,
  }
  const pgSettings = defaults.settings.pg_settings ?? {}
  const endpoint = newEndpoint(
    { endpointId: FIRST_ENDPOINT, branchUid: branch.uid, size, pgSettings, group },
    now,
  )
  return { project: { ...project, uid }, branch, endpoint }
}

function refuseUnsupported(input: ProjectInput): void {
  if (input.initial_role_spec) {
    throw new LakeletError('not_implemented', {
      feature: 'Another owner role than the caller (initial_role_spec)',
    })
  }
  if (input.spec?.compute_provisioner !== undefined) {
    throw new LakeletError('not_implemented', {
      feature: 'Choosing a compute provisioner (spec.compute_provisioner)',
    })
  }
  if (input.spec?.default_branch !== undefined) {
    throw new LakeletError('invalid_parameter', {
      reason: because('default_branch_at_creation', { branch: FIRST_BRANCH }),
    })
  }
}

function defaultSettings(
  wanted: DefaultEndpointSettings,
  inherited: ComputeSize,
  { major, suspendSeconds }: { readonly major: number; readonly suspendSeconds: number },
): { readonly settings: DefaultEndpointSettings; readonly size: ComputeSize } {
  const path = 'spec.default_endpoint_settings'
  checkPgSettings(wanted.pg_settings, `${path}.pg_settings`, major)
  const size = resolveComputeSize(wanted, inherited, path, suspendSeconds)
  const pgSettings = wanted.pg_settings ?? {}
  return {
    size,
    settings: {
      ...viewSize(size),
      ...(Object.keys(pgSettings).length === 0 ? {} : { pg_settings: pgSettings }),
    },
  }
}

/** Refuses defaults with which no server would start. LakeletError `invalid_parameter`. */
export async function checkDefaultsStart(
  row: Pick<Partial<NewProjectRow>, 'default_endpoint_settings'>,
  major: number,
  parts: { readonly computes: Pick<ComputesPort, 'startProblem'>; readonly defaults: ControlDefaults },
): Promise<void> {
  const defaults = JSON.parse(row.default_endpoint_settings ?? '{}') as DefaultEndpointSettings
  const size = { major, maxCu: defaults.autoscaling_limit_max_cu ?? parts.defaults.maxCu }
  const path = 'spec.default_endpoint_settings.pg_settings'
  await checkPgSettingsTogether(defaults.pg_settings ?? {}, size, path, parts)
}

/** What an update stores. LakeletError `invalid_parameter` or `not_implemented`. */
export async function projectChanges(
  queries: Queries,
  current: ProjectRow,
  changed: ReadonlySet<string>,
  spec: ProjectSpec,
  general: ControlDefaults,
): Promise<Partial<NewProjectRow>> {
  if (changed.has('spec.pg_version') && spec.pg_version !== current.pg_version) {
    throw new LakeletError('invalid_parameter', {
      reason: `Field 'spec.pg_version' cannot be changed: the branches of this project are of Postgres ${current.pg_version} and stay with that major version. For another one, create a project of it and copy the data with pg_dump and pg_restore.`,
    })
  }
  if (changed.has('spec.compute_provisioner')) {
    throw new LakeletError('not_implemented', {
      feature: 'Choosing a compute provisioner (spec.compute_provisioner)',
    })
  }
  const retentionSeconds = changed.has('spec.history_retention_duration') ? retention(spec) : undefined
  const settings = changedDefaults(current, changed, spec.default_endpoint_settings ?? {}, general)
  return {
    ...(changed.has('spec.display_name') && spec.display_name !== undefined
      ? { display_name: spec.display_name }
      : {}),
    ...(retentionSeconds === undefined ? {} : { history_retention_seconds: retentionSeconds }),
    ...(settings ? { default_endpoint_settings: JSON.stringify(settings) } : {}),
    ...(changed.has('spec.default_branch') && spec.default_branch !== undefined
      ? { default_branch_uid: await newDefaultBranch(queries, current, spec.default_branch) }
      : {}),
    ...(changed.has('spec.enable_pg_native_login')
      ? { enable_pg_native_login: Number(spec.enable_pg_native_login) }
      : {}),
    ...(changed.has('spec.budget_policy_id') ? { budget_policy_id: spec.budget_policy_id ?? null } : {}),
    ...(changed.has('spec.custom_tags') ? { custom_tags: JSON.stringify(spec.custom_tags ?? []) } : {}),
  }
}

function changedDefaults(
  current: ProjectRow,
  changed: ReadonlySet<string>,
  wanted: DefaultEndpointSettings,
  general: ControlDefaults,
): DefaultEndpointSettings | undefined {
  const path = 'spec.default_endpoint_settings'
  if (![...changed].some((field) => field.startsWith(`${path}.`))) return undefined
  const before = defaultEndpointSettingsOf(current)
  const has = (field: string) => changed.has(`${path}.${field}`)
  const named: DefaultEndpointSettings = {
    // Both are named, so that a limit that was chosen before does not move by itself.
    autoscaling_limit_min_cu: (has('autoscaling_limit_min_cu') ? wanted : before).autoscaling_limit_min_cu,
    autoscaling_limit_max_cu: (has('autoscaling_limit_max_cu') ? wanted : before).autoscaling_limit_max_cu,
    ...(has('suspension')
      ? { suspend_timeout_duration: wanted.suspend_timeout_duration, no_suspension: wanted.no_suspension }
      : {}),
    pg_settings: has('pg_settings') ? wanted.pg_settings : before.pg_settings,
  }
  const inherited = {
    minCu: before.autoscaling_limit_min_cu ?? general.minCu,
    maxCu: before.autoscaling_limit_max_cu ?? general.maxCu,
    suspendSeconds:
      before.suspend_timeout_duration === undefined ? null : secondsOf(before.suspend_timeout_duration),
  }
  const { suspendSeconds } = general
  return defaultSettings(named, inherited, { major: current.pg_version, suspendSeconds }).settings
}

/** The major version that a project is to have. LakeletError `postgres_version_unknown`. */
function majorOf(wanted: number = DEFAULT_MAJOR): number {
  if (OFFERED_MAJORS.includes(wanted)) return wanted
  throw new LakeletError('postgres_version_unknown', { major: wanted, offered: OFFERED_MAJORS.join(', ') })
}

function retention(spec: ProjectSpec): number | undefined {
  if (spec.history_retention_duration === undefined) return undefined
  const seconds = secondsOf(spec.history_retention_duration)
  if (seconds < SHORTEST_RETENTION_SECONDS || seconds > LONGEST_RETENTION_SECONDS) {
    throw new LakeletError('invalid_parameter', {
      reason: because('retention_range', {
        time: spec.history_retention_duration,
        least: SHORTEST_RETENTION_SECONDS,
        most: LONGEST_RETENTION_SECONDS,
      }),
    })
  }
  return seconds
}

/** The uid of the branch that is to be the default one. */
async function newDefaultBranch(queries: Queries, project: ProjectRow, name: string): Promise<string> {
  const parsed = parseResourceName(name)
  const isHere = parsed?.project === project.project_id || parsed?.project === project.uid
  if (parsed?.type !== 'branch' || parsed.branch === undefined || !isHere) {
    const example = `projects/${project.project_id}/branches/${FIRST_BRANCH}`
    const reason = because('branch_of_project', { field: 'spec.default_branch', example })
    throw new LakeletError('invalid_parameter', { reason })
  }
  const { branch } = await liveBranch(queries, { project: project.uid, branch: parsed.branch })
  requireAction(branchActions, 'make_default', await branchSubjectOf(queries, { project, branch }))
  return branch.uid
}
