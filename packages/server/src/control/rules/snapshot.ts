// What a request may make of a snapshot.
import { type SnapshotSpec, secondsOf } from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import type { BranchRow } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { findSnapshot, manualSnapshotsOf, type NewSnapshotRow } from '../../metadata/snapshots.ts'
import { LIMITS } from './limits.ts'
import { newUid } from './uids.ts'

/** When it is deleted by itself; null for never, as for one of which nothing is said. LakeletError `invalid_parameter`. */
export function readSnapshotExpiry(spec: SnapshotSpec, now: Date): string | null {
  const given = (['ttl', 'expire_time', 'no_expiry'] as const).filter((field) => spec[field] !== undefined)
  if (given.length > 1)
    throw invalid(because('exclusive', { fields: given.map((field) => `'spec.${field}'`).join(' and ') }))
  if (spec.no_expiry === false) throw invalid(because('only_true'))
  if (spec.ttl !== undefined) {
    const seconds = secondsOf(spec.ttl)
    if (seconds < 1) throw invalid(because('snapshot_ttl', { seconds }))
    return expiryAfter(seconds, now)
  }
  if (spec.expire_time === undefined) return null
  if (!(Date.parse(spec.expire_time) > now.getTime()))
    throw invalid(because('snapshot_expire_time', { time: spec.expire_time }))
  return new Date(spec.expire_time).toISOString()
}

/** A life that is longer than dates are is no end. */
export function expiryAfter(seconds: number, now: Date): string | null {
  const end = new Date(now.getTime() + seconds * 1000)
  return Number.isNaN(end.getTime()) ? null : end.toISOString()
}

/** A snapshot that is being taken. */
export function newSnapshot(
  branch: BranchRow,
  snapshotId: string,
  { now, expireTime, isScheduled }: { now: Date; expireTime: string | null; isScheduled: boolean },
): NewSnapshotRow {
  return {
    uid: newUid('sn'),
    snapshot_id: snapshotId,
    project_uid: branch.project_uid,
    state: 'INIT',
    source_branch_uid: branch.uid,
    source_branch_id: branch.branch_id,
    source_lsn: null,
    source_time: null,
    is_scheduled: Number(isScheduled),
    expire_time: expireTime,
    clone_method: null,
    full_size_bytes: null,
    diff_size_bytes: null,
    catalog: null,
    create_time: now.toISOString(),
  }
}

/** LakeletError `already_exists`. */
export async function refuseTakenSnapshot(queries: Queries, projectUid: string, id: string): Promise<void> {
  if (await findSnapshot(queries, projectUid, id))
    throw new LakeletError('already_exists', { type: 'snapshot' })
}

/** LakeletError `limit_reached` where the project has as many as people may take. */
export async function refuseTooManySnapshots(queries: Queries, projectUid: string): Promise<void> {
  const limit = LIMITS.manualSnapshotsPerProject
  if ((await manualSnapshotsOf(queries, projectUid)).length >= limit)
    throw new LakeletError('limit_reached', { what: 'manual snapshots', limit })
}

function invalid(reason: Reason): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
