// What happened in the past of a branch, as far as its restore window goes.
import type { Branch, BranchHistory, OperationSummary, Snapshot } from '@lakelet/api'

export type EventKind = 'start' | 'base' | 'restore' | 'reset' | 'branch' | 'snapshot'

export interface PastEvent {
  readonly key: string
  readonly kind: EventKind
  /** RFC 3339. */
  readonly time: string
  /** A name, where it has one. */
  readonly name?: string
}

const KINDS: Readonly<Record<string, EventKind>> = { restore_branch: 'restore', reset_branch: 'reset' }

/** The newest first. */
export function eventsOf(
  branch: { readonly name: string },
  history: BranchHistory,
  {
    operations,
    branches,
    snapshots,
  }: {
    readonly operations: readonly OperationSummary[]
    readonly branches: readonly Branch[]
    readonly snapshots: readonly Snapshot[]
  },
): PastEvent[] {
  const { earliest_restore_time: from } = history
  if (from === undefined) return []
  const events: PastEvent[] = [{ key: 'start', kind: 'start', time: from }]
  for (const { time, lsn } of history.bases) events.push({ key: `base ${lsn}`, kind: 'base', time })
  for (const { name, kind, resource, state, create_time: time } of operations) {
    const known = KINDS[kind]
    if (known && resource === branch.name && state === 'SUCCEEDED')
      events.push({ key: name, kind: known, time })
  }
  for (const { uid, branch_id: name, status } of branches) {
    if (status.source_branch !== branch.name || status.source_branch_time === undefined) continue
    events.push({ key: uid, kind: 'branch', time: status.source_branch_time, name })
  }
  for (const { uid, snapshot_id: name, status } of snapshots) {
    if (status.source_branch !== branch.name || status.source_branch_time === undefined) continue
    events.push({ key: uid, kind: 'snapshot', time: status.source_branch_time, name })
  }
  const first = Date.parse(from)
  return events
    .filter(({ time }) => Date.parse(time) >= first)
    .toSorted((one, other) => Date.parse(other.time) - Date.parse(one.time))
}
