// What a request may make of a read-only endpoint.
import { endpointActions, endpointName, type EndpointSpec, requireAction, secondsOf } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import type { Queries } from '../../metadata/database.ts'
import { findEndpoint, listEndpoints, type NewEndpointRow } from '../../metadata/endpoints.ts'
import { defaultEndpointSettingsOf } from '../../metadata/projects.ts'
import { checkPgSettings, ONE_COMPUTE, resolveComputeSize, resolveGroup } from './compute-settings.ts'
import { type ControlDefaults, LIMITS } from './limits.ts'
import { newEndpoint } from './new-rows.ts'
import type { BranchRows } from './resolve.ts'

/** The row of a new read-only endpoint, with what the project says where the request does not. LakeletError `invalid_parameter`. */
export function newReplica(
  {
    project,
    branch,
    endpointId,
    spec,
  }: BranchRows & { readonly endpointId: string; readonly spec: EndpointSpec },
  defaults: ControlDefaults,
  now: string,
): NewEndpointRow & { uid: string } {
  const usual = defaultEndpointSettingsOf(project)
  const timeout = usual.suspend_timeout_duration
  const inherited = {
    minCu: usual.autoscaling_limit_min_cu ?? defaults.minCu,
    maxCu: usual.autoscaling_limit_max_cu ?? defaults.maxCu,
    suspendSeconds: timeout === undefined ? null : secondsOf(timeout),
  }
  const size = resolveComputeSize(spec, inherited, 'spec', defaults.suspendSeconds)
  const compute = { suspendSeconds: size.suspendSeconds, isReadOnly: true }
  const group = resolveGroup(spec.group, ONE_COMPUTE, 'spec.group', compute)
  const pgSettings = spec.settings?.pg_settings ?? usual.pg_settings ?? {}
  checkPgSettings(pgSettings, 'spec.settings.pg_settings', project.pg_version)
  const isDisabled = spec.disabled === true
  return newEndpoint(
    { endpointId, branchUid: branch.uid, size, pgSettings, isDisabled, isReadOnly: true, group },
    now,
  )
}

/** LakeletError `already_exists`, `limit_reached` or `branch_not_ready`. */
export async function requireRoomForReplica(
  queries: Queries,
  { project, branch }: BranchRows,
  endpointId: string,
): Promise<void> {
  requireAction(endpointActions, 'create', {
    name: endpointName(project.project_id, branch.branch_id, endpointId),
    id: endpointId,
    isReadWrite: false,
    isDisabled: false,
    branch: { id: branch.branch_id, state: branch.state },
  })
  if ((await findEndpoint(queries, branch.uid, endpointId)) !== undefined)
    throw new LakeletError('already_exists', { type: 'endpoint' })
  const replicas = (await listEndpoints(queries, branch.uid)).filter(
    ({ type }) => type === 'ENDPOINT_TYPE_READ_ONLY',
  )
  if (replicas.length >= LIMITS.replicasPerBranch)
    throw new LakeletError('limit_reached', {
      what: 'read-only endpoints of a branch',
      limit: LIMITS.replicasPerBranch,
    })
}
