// Which moment of a branch's past a request means, and whether it can be reached.
import { type BranchSpec, branchLsn, fullTime, timestamp } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { formatLsn, parseLsn, readControlFile } from '../../postgres/index.ts'
import { microsecondsOf, type PastMoment, utcOf } from '../../storage/index.ts'
import type { ControlParts } from '../context.ts'

/** The moment that a spec names; undefined where it means now. LakeletError `invalid_parameter`. */
export function momentOf(
  spec: Pick<BranchSpec, 'source_branch_time' | 'source_branch_lsn'>,
  [timeField, lsnField]: readonly [string, string] = ['spec.source_branch_time', 'spec.source_branch_lsn'],
): PastMoment | undefined {
  const { source_branch_time: time, source_branch_lsn: lsn } = spec
  if (time !== undefined && lsn !== undefined) {
    const reason = `Fields '${timeField}' and '${lsnField}' exclude each other.`
    throw new LakeletError('invalid_parameter', { reason })
  }
  if (time !== undefined) return { time }
  return lsn === undefined ? undefined : { lsn: formatLsn(parseLsn(lsn)) }
}

/** A moment as a client asks for it; one of both. */
export interface AskedMoment {
  readonly time?: string | undefined
  readonly lsn?: string | undefined
}

/** The same moment always in the same words. LakeletError `moment_time_invalid` or `moment_lsn_invalid`. */
export function parseMoment({ time, lsn }: AskedMoment): PastMoment {
  if (lsn === undefined) {
    const text = fullTime(time ?? '')
    // What no calendar has, such as the 30th of February, is not moved to another day.
    if (!timestamp.safeParse(text).success)
      throw new LakeletError('moment_time_invalid', { text: time ?? '' })
    return { time: utcOf(microsecondsOf(text)) }
  }
  if (!branchLsn.safeParse(lsn).success) throw new LakeletError('moment_lsn_invalid', { text: lsn })
  return { lsn: formatLsn(parseLsn(lsn)) }
}

/** The moment as people write it behind the name of a branch. */
export function textOf(moment: PastMoment): string {
  return 'lsn' in moment ? moment.lsn : moment.time
}

/**
 * Throws `history_not_begun` or `history_not_reached` where the moment is outside of the history of the branch, so that nothing is begun. The
 * operation looks again: what is reached now may be forgotten by then.
 */
export async function requireReached(
  context: ControlParts,
  source: { readonly branchUid: string; readonly endpointUid: string },
  moment: PastMoment,
): Promise<void> {
  const asked = textOf(moment)
  const { from } = await context.storage.history.of(context.storage.paths(source.branchUid))
  if (!from) throw new LakeletError('history_not_begun', { moment: asked })
  const now = context.clock.now().toISOString()
  if ('time' in moment) {
    const at = microsecondsOf(moment.time)
    // A clock that shows milliseconds is as far as this.
    if (at >= microsecondsOf(from.time) && at < microsecondsOf(now) + 1000n) return
    throw new LakeletError('history_not_reached', { moment: asked, from: from.time, to: now })
  }
  const end = await furthestEnd(context, source)
  const at = parseLsn(moment.lsn)
  if (at >= parseLsn(from.lsn) && at <= parseLsn(end)) return
  throw new LakeletError('history_not_reached', { moment: asked, from: from.lsn, to: end })
}

/** Where the log of a branch ends at most: after a crash only its recovery tells how far it really goes, which then refuses what is beyond. */
async function furthestEnd(
  context: ControlParts,
  source: { readonly branchUid: string; readonly endpointUid: string },
): Promise<string> {
  const { storage } = context
  const end = await endOfLog(context, source)
  if ((await readControlFile(storage.dataDirectory(source.branchUid))).isShutDown) return end
  const onDisk = await storage.history.endOnDisk(storage.paths(source.branchUid))
  return parseLsn(onDisk) > parseLsn(end) && context.computes.state(source.endpointUid) !== 'active'
    ? onDisk
    : end
}

/** Where the log of a branch ends, without waking it; not before its history begins. After a crash it may go further than this. */
export async function endOfLog(
  { computes, storage }: ControlParts,
  { branchUid, endpointUid }: { readonly branchUid: string; readonly endpointUid: string },
): Promise<string> {
  const rows = await computes.peek(endpointUid, (admin) =>
    admin.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn'),
  )
  const awake = rows?.[0]?.lsn
  if (awake !== undefined) return awake
  const { checkpointLsn } = await readControlFile(storage.dataDirectory(branchUid))
  const { from } = await storage.history.of(storage.paths(branchUid))
  // Of a branch that has never run this is a position in the log of its source, before what it was copied at.
  return from && parseLsn(from.lsn) > checkpointLsn ? from.lsn : formatLsn(checkpointLsn)
}
