// What a request may make of an endpoint.
import { endpointName, type EndpointSpec, type EndpointSubject } from '@lakelet/api'
import { because, LakeletError } from '../../base/errors.ts'
import type { EndpointRow } from '../../metadata/endpoints.ts'
import type { ComputesPort } from '../ports.ts'
import {
  checkPgSettings,
  checkPgSettingsTogether,
  resolveComputeSize,
  resolveGroup,
} from './compute-settings.ts'
import type { BranchRows } from './resolve.ts'

/** An endpoint in the eyes of `endpointActions`. */
export function endpointSubjectOf({
  project,
  branch,
  endpoint,
}: BranchRows & { readonly endpoint: EndpointRow }): EndpointSubject {
  return {
    name: endpointName(project.project_id, branch.branch_id, endpoint.endpoint_id),
    id: endpoint.endpoint_id,
    isReadWrite: endpoint.type === 'ENDPOINT_TYPE_READ_WRITE',
    isDisabled: endpoint.disabled === 1,
    branch: { id: branch.branch_id, state: branch.state },
  }
}

/** What an update may change of an endpoint. */
export type EndpointSettings = Pick<
  EndpointRow,
  'min_cu' | 'max_cu' | 'suspend_seconds' | 'disabled' | 'pg_settings' | 'group_size' | 'reads_secondaries'
>

/** What of an endpoint an update may change, as it is. */
export function settingsOf({
  min_cu,
  max_cu,
  suspend_seconds,
  disabled,
  pg_settings,
  group_size,
  reads_secondaries,
}: EndpointRow): EndpointSettings {
  return { min_cu, max_cu, suspend_seconds, disabled, pg_settings, group_size, reads_secondaries }
}

/** Where a request names settings of Postgres. */
const PG_SETTINGS = 'spec.settings.pg_settings'

/** Refuses an update with which no server would start, before anything is stored. LakeletError `invalid_parameter`. */
export async function checkStart(
  before: Pick<EndpointRow, 'pg_settings' | 'max_cu'> | undefined,
  after: Pick<EndpointSettings, 'pg_settings' | 'max_cu'>,
  major: number,
  parts: { readonly computes: Pick<ComputesPort, 'startProblem'> },
): Promise<void> {
  if (after.pg_settings === before?.pg_settings && after.max_cu === before.max_cu) return
  const settings = JSON.parse(after.pg_settings) as Record<string, string>
  await checkPgSettingsTogether(settings, { major, maxCu: after.max_cu }, PG_SETTINGS, parts)
}

/** The settings after an update. LakeletError `invalid_parameter` or `not_implemented`. */
export function endpointChanges(
  row: EndpointRow,
  spec: EndpointSpec,
  changed: ReadonlySet<string>,
  { defaultSuspendSeconds, major }: { readonly defaultSuspendSeconds: number; readonly major: number },
): EndpointSettings {
  if (changed.has('spec.endpoint_type') && spec.endpoint_type !== row.type) {
    throw new LakeletError('invalid_parameter', {
      reason: because('immutable', { field: 'spec.endpoint_type', type: 'endpoint' }),
    })
  }
  const { min_cu, max_cu, suspend_seconds, ...rest } = settingsOf(row)
  const size = resolveComputeSize(
    {
      // Both are named, so that a limit that was chosen before does not move by itself.
      autoscaling_limit_min_cu: changed.has('spec.autoscaling_limit_min_cu')
        ? spec.autoscaling_limit_min_cu
        : min_cu,
      autoscaling_limit_max_cu: changed.has('spec.autoscaling_limit_max_cu')
        ? spec.autoscaling_limit_max_cu
        : max_cu,
      ...(changed.has('spec.suspension')
        ? { suspend_timeout_duration: spec.suspend_timeout_duration, no_suspension: spec.no_suspension }
        : {}),
    },
    { minCu: min_cu, maxCu: max_cu, suspendSeconds: suspend_seconds },
    'spec',
    defaultSuspendSeconds,
  )
  checkPgSettings(spec.settings?.pg_settings, PG_SETTINGS, major)
  const group = resolveGroup(
    {
      ...(changed.has('spec.group.min') ? { min: spec.group?.min } : {}),
      ...(changed.has('spec.group.max') ? { max: spec.group?.max } : {}),
      ...(changed.has('spec.group.enable_readable_secondaries')
        ? { enable_readable_secondaries: spec.group?.enable_readable_secondaries }
        : {}),
    },
    { size: row.group_size, readsSecondaries: row.reads_secondaries === 1 },
    'spec.group',
    { suspendSeconds: size.suspendSeconds, isReadOnly: row.type === 'ENDPOINT_TYPE_READ_ONLY' },
  )
  return {
    ...rest,
    min_cu: size.minCu,
    max_cu: size.maxCu,
    suspend_seconds: size.suspendSeconds,
    group_size: group.size,
    reads_secondaries: Number(group.readsSecondaries),
    ...(changed.has('spec.disabled') ? { disabled: Number(spec.disabled) } : {}),
    ...(changed.has('spec.settings.pg_settings')
      ? { pg_settings: JSON.stringify(spec.settings?.pg_settings ?? {}) }
      : {}),
  }
}
