import { branchName, type ComputeActivityView, type Endpoint, endpointName } from '@lakelet/api'
import { readersName, secondariesOf, secondaryOf } from '../../base/group-members.ts'
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
      group: {
        min: row.group_size,
        max: row.group_size,
        enable_readable_secondaries: row.reads_secondaries === 1,
      },
      ...(lastActive === undefined ? {} : { last_active_time: lastActive }),
      ...viewProblem(live.storage.problemOf(row.branch_uid) ?? failureOf(row, live)),
      hosts: viewHosts(row, live),
    },
  }
}

function viewHosts(row: EndpointRow, live: Live): Endpoint['status']['hosts'] {
  const { uid, type } = row
  const { host, pooledHost } = live.hosts(uid)
  const isReadOnly = type === 'ENDPOINT_TYPE_READ_ONLY'
  const readers = hasReaders(row) ? live.hosts(readersName(uid)) : undefined
  return {
    host,
    ...(isReadOnly ? { read_only_host: host } : {}),
    ...(pooledHost === undefined
      ? {}
      : { [isReadOnly ? 'read_only_pooled_host' : 'read_write_pooled_host']: pooledHost }),
    ...(readers ? { read_only_host: readers.host } : {}),
    ...(readers?.pooledHost === undefined ? {} : { read_only_pooled_host: readers.pooledHost }),
  }
}

/** Why its compute, or one of its secondaries, does not run, where that is not what was wanted. */
function failureOf({ uid: primary, group_size: size }: EndpointRow, { computes }: Pick<Live, 'computes'>) {
  const uid = [primary, ...secondariesOf(primary, size)].find((each) => computes.state(each) === 'failed')
  if (uid === undefined) return undefined
  const { since, lastError: message } = computes.activity(uid)
  return message === undefined ? undefined : { kind: 'compute' as const, since, message }
}

const NO_SETTINGS = JSON.stringify({})

/** As the table of states has it, with what was asked and is not done yet. */
export function endpointState(
  { uid, asked_move: asked, group_size: size }: EndpointRow,
  branchState: BranchRow['state'],
  { computes }: Pick<Live, 'computes'>,
): Pick<Endpoint['status'], 'current_state' | 'pending_state'> {
  if (branchState === 'INIT') return { current_state: 'INIT', pending_state: 'ACTIVE' }
  const state = computes.state(uid)
  const isWaiting = state === 'idle' && computes.activity(uid).isWaiting
  const shown = shownState(state, asked ?? (isWaiting ? 'WAKE' : undefined))
  // A group that has fewer computes than it is to have serves, and is not as available as it says.
  const isWhole = secondariesOf(uid, size).every((each) => computes.state(each) === 'active')
  const isServing = shown.current_state === 'ACTIVE' && shown.pending_state === undefined
  return isServing && !isWhole ? { current_state: 'DEGRADED', pending_state: 'ACTIVE' } : shown
}

/** Whether clients may read from secondaries of an endpoint. */
function hasReaders(row: Pick<EndpointRow, 'group_size' | 'reads_secondaries'>): boolean {
  return row.group_size > 1 && row.reads_secondaries === 1
}

/** The computes of an endpoint of high availability, its primary first; undefined for others. */
export async function viewMembers(
  row: EndpointRow,
  { computes }: Pick<Live, 'computes'>,
): Promise<ComputeActivityView['members']> {
  if (row.group_size === 1) return undefined
  const viewOne = async (uid: string) => {
    const { state, since, sessions, sizeCu, lastError } = computes.activity(uid)
    const lag = await computes.replicaLag(uid)
    return {
      compute_instance_id: instanceIdOf(uid),
      role: roleOf(uid, row),
      state,
      since: since.toISOString(),
      sessions,
      ...withoutNulls({ size_cu: sizeCu, last_error: lastError }),
      ...(lag ? { replica: viewLag(lag) } : {}),
    }
  }
  return Promise.all([row.uid, ...secondariesOf(row.uid, row.group_size)].map(viewOne))
}

/** What the compute with this uid is called at its endpoint. */
export function instanceIdOf(uid: string): string {
  const { number } = secondaryOf(uid) ?? {}
  return number === undefined ? 'primary' : `secondary-${number}`
}

export function roleOf(uid: string, row: EndpointRow): 'READ_WRITE' | 'READ_ONLY' | 'HOT_STANDBY' {
  if (secondaryOf(uid)) return hasReaders(row) ? 'READ_ONLY' : 'HOT_STANDBY'
  return row.type === 'ENDPOINT_TYPE_READ_ONLY' ? 'READ_ONLY' : 'READ_WRITE'
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
  readonly members: ComputeActivityView['members']
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
    ...(asked.members ? { members: asked.members } : {}),
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
