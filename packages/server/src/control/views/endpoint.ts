import { branchName, type ComputeActivityView, type Endpoint, endpointName } from '@lakelet/api'
import type { BranchRow } from '../../metadata/branches.ts'
import type { EndpointRow } from '../../metadata/endpoints.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import { type AwakeBecause, type ReplicaLag, shownState } from '../../computes/index.ts'
import { formatLsn } from '../../postgres/index.ts'
import type { ControlParts } from '../context.ts'
import type { ClientSession } from '../ports.ts'
import { viewProblem } from './problem.ts'
import { viewSize } from '../rules/compute-settings.ts'

/** What changes by the second. */
export type Live = Pick<ControlParts, 'computes' | 'hosts' | 'storage'>

/** An endpoint with what its reply needs from other tables. */
export interface EndpointParts {
  readonly row: EndpointRow
  readonly branch: BranchRow
  readonly project: ProjectRow
}

export function viewEndpoint({ row, branch, project }: EndpointParts, live: Live): Endpoint {
  const parent = branchName(project.project_id, branch.branch_id)
  const lastActive = lastActiveTime(row, live)
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
      ...endpointState(row, branch.state, live),
      ...viewSize({ minCu: row.min_cu, maxCu: row.max_cu, suspendSeconds: row.suspend_seconds }),
      disabled: row.disabled === 1,
      ...(row.pg_settings === NO_SETTINGS
        ? {}
        : { settings: { pg_settings: JSON.parse(row.pg_settings) as Record<string, string> } }),
      group: ONE_COMPUTE,
      ...(lastActive === undefined ? {} : { last_active_time: lastActive }),
      ...viewProblem(live.storage.problemOf(row.branch_uid) ?? failureOf(row.uid, live)),
      hosts: viewHosts(row, live),
    },
  }
}

function viewHosts({ uid, type }: EndpointRow, live: Live): Endpoint['status']['hosts'] {
  const { host, pooledHost } = live.hosts(uid)
  const isReadOnly = type === 'ENDPOINT_TYPE_READ_ONLY'
  return {
    host,
    ...(isReadOnly ? { read_only_host: host } : {}),
    ...(pooledHost === undefined
      ? {}
      : { [isReadOnly ? 'read_only_pooled_host' : 'read_write_pooled_host']: pooledHost }),
  }
}

/** Why its compute does not run, where that is not what was wanted. */
function failureOf(uid: string, { computes }: Pick<Live, 'computes'>) {
  if (computes.state(uid) !== 'failed') return undefined
  const { since, lastError: message } = computes.activity(uid)
  return message === undefined ? undefined : { kind: 'compute' as const, since, message }
}

const NO_SETTINGS = JSON.stringify({})
const ONE_COMPUTE = { min: 1, max: 1, enable_readable_secondaries: false } as const

/** As the table of states has it, with what was asked and is not done yet. */
export function endpointState(
  { uid, asked_move: asked }: EndpointRow,
  branchState: BranchRow['state'],
  { computes }: Pick<Live, 'computes'>,
): Pick<Endpoint['status'], 'current_state' | 'pending_state'> {
  if (branchState === 'INIT') return { current_state: 'INIT', pending_state: 'ACTIVE' }
  const state = computes.state(uid)
  const isWaiting = state === 'idle' && computes.activity(uid).isWaiting
  return shownState(state, asked ?? (isWaiting ? 'WAKE' : undefined))
}

/** When the endpoint was last used, as far as it runs or that was stored. */
export function lastActiveTime(row: EndpointRow, { computes }: Live): string | undefined {
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

/** What is asked for to tell what a compute does. */
interface ActivityParts {
  readonly lag: ReplicaLag | undefined
  /** The client of what keeps it awake. */
  readonly session: ClientSession | undefined
  /** Whether the caller may read what that runs. */
  readonly seesQuery: boolean
}

/** The compute of an endpoint with what the official API does not say of it. */
export function viewActivity(row: EndpointRow, live: Live, asked: ActivityParts): ComputeActivityView {
  const { state, since, isWaiting, sizeCu, sessions, awakeBecause, lastSuspendReason, lastError } =
    live.computes.activity(row.uid)
  return {
    state,
    since: since.toISOString(),
    sessions,
    ...(isWaiting ? { is_waiting: true } : {}),
    ...withoutNulls({ size_cu: sizeCu, last_active_time: lastActiveTime(row, live) }),
    ...(awakeBecause ? { awake_because: viewBecause(awakeBecause, asked) } : {}),
    ...(asked.lag ? { replica: viewLag(asked.lag) } : {}),
    ...withoutNulls({ last_suspend_reason: lastSuspendReason, last_error: lastError }),
  }
}

function viewBecause(
  { query, transactionSince, ...because }: AwakeBecause,
  { session, seesQuery }: ActivityParts,
): ComputeActivityView['awake_because'] {
  return {
    ...withoutNulls(because),
    ...(seesQuery && query !== undefined ? { query } : {}),
    ...(transactionSince === undefined ? {} : { transaction_since: transactionSince }),
    ...(session
      ? {
          session: {
            session_id: session.id,
            client_address: session.address,
            since: session.since.toISOString(),
            pooled: session.pool !== undefined,
          },
        }
      : {}),
  }
}

function viewLag({ isStreaming, replayedLsn, bytes, ms }: ReplicaLag): ComputeActivityView['replica'] {
  return {
    is_streaming: isStreaming,
    replayed_lsn: formatLsn(replayedLsn),
    lag_bytes: bytes,
    lag_ms: ms,
  }
}

function withoutNulls<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  // What is left out is optional in every reply that this makes.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as { [K in keyof T]: NonNullable<T[K]> }
}
