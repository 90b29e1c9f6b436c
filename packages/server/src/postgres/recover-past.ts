// Archive recovery of a data directory up to a moment of the past (Postgres documentation, "Point-in-Time Recovery"): a server that nobody
// but the workspace reaches, which replays the log, begins a timeline of its own and is stopped again.
import { chown, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isLakeletError } from '../base/errors.ts'
import { type AdminConnection, connectAdmin } from './admin.ts'
import { type ClusterOptions, startCluster } from './cluster.ts'
import { parseLsn, readControlFile } from './control-file.ts'
import { exactTarget } from './exact-target.ts'
import { ownerOf } from './host.ts'
import { ROOM_FOR_THE_PAST } from './prepared-transactions.ts'

/** A moment of the past. */
export type RecoveryTarget =
  /** All that was committed by then, at that very time too, in microseconds since 1970. */
  | { readonly time: bigint }
  /** All that was written before this position, as `pg_current_wal_insert_lsn()` tells it; not the record that begins there. */
  | { readonly lsn: string }

export interface RecoverPastOptions extends Omit<ClusterOptions, 'settings' | 'arguments'> {
  readonly target: RecoveryTarget
  /** The timeline that leads there; its history is in the archive, unless it is the first. */
  readonly timeline: number
  /** Where completed segments are, as seen from the data directory. */
  readonly archive: string
  /** Where the content of the data directory is whole: what is asked for is not before it. */
  readonly notBefore: string
  /** Called when the past is reached and can be asked. */
  readonly observe?: (admin: AdminConnection) => Promise<void>
}

export interface RecoveredPast {
  /** Where the old timeline was left. */
  readonly lsn: string
  /** The new timeline. */
  readonly timeline: number
  /** When what was committed last was committed; undefined when nothing was replayed that was. */
  readonly lastCommit: Date | undefined
}

/** The log ends before the position that was asked for. */
export class BeyondLog extends Error {}

/**
 * Recovers. A time after the last commit means that commit; the caller has seen to it that the log reaches up to now. The position where
 * the log ends is reached, though no record begins there. Throws `compute_start_failed`, and an error of `isBeyondLog`. Nothing is
 * flushed.
 */
export async function recoverPast(options: RecoverPastOptions, signal?: AbortSignal): Promise<RecoveredPast> {
  const owner = ownerOf(options.installation)
  const mark = path.join(options.dataDirectory, 'recovery.signal')
  await writeFile(mark, '', { mode: 0o600 })
  await chown(mark, owner.uid, owner.gid)
  try {
    const { target } = options
    const { lsn } = 'lsn' in target ? target : await exactTarget({ ...options, time: target.time })
    return await recoverToPosition(options, lsn, signal)
  } finally {
    await rm(mark, { force: true })
  }
}

/** Whether a recovery failed because the log ends before its target. */
export function isBeyondLog(error: unknown): boolean {
  return error instanceof BeyondLog
}

async function recoverToPosition(
  options: RecoverPastOptions,
  lsn: string,
  signal?: AbortSignal,
): Promise<RecoveredPast> {
  try {
    return await recoverTo(options, lsn, signal)
  } catch (error) {
    // It ends where the log ends before the position; what it said of that may have come too late. Else it fails again.
    if (!isLakeletError(error, 'compute_start_failed') || signal?.aborted) throw error
  }
  const past = await recoverTo(options, undefined, signal)
  if (parseLsn(lsn) > parseLsn(past.lsn)) throw new BeyondLog(`the log ends at ${past.lsn}, before ${lsn}`)
  return past
}

/** Without a position, as far as there is log. */
async function recoverTo(
  options: RecoverPastOptions,
  position: string | undefined,
  signal?: AbortSignal,
): Promise<RecoveredPast> {
  const cluster = await startCluster(
    { ...options, settings: { maxCu: 1 }, arguments: recoveryArguments(options, position), promoted: true },
    signal,
  )
  let lastCommit: Date | undefined
  try {
    await using admin = await connectAdmin(cluster.address, { purpose: 'recovery' })
    const [row] = await admin.query<{ at: Date | null }>('SELECT pg_last_xact_replay_timestamp() AS at')
    lastCommit = row?.at ?? undefined
    await options.observe?.(admin)
  } finally {
    await cluster.stop()
  }
  const { timeline } = await readControlFile(options.dataDirectory)
  return { lsn: await leftAt(options.dataDirectory, timeline), timeline, lastCommit }
}

function recoveryArguments(options: RecoverPastOptions, position: string | undefined): string[] {
  const settings: Record<string, string> = {
    archive_mode: 'off',
    // Else the sizes of the source at that time would have to be met.
    hot_standby: 'off',
    max_prepared_transactions: String(ROOM_FOR_THE_PAST),
    // Whoever asked for this flushes the whole directory when it is done.
    fsync: 'off',
    // Relative to the data directory, where the server runs: the whole may be moved.
    restore_command: `cp "${options.archive}/%f" "%p" 2>/dev/null`,
    recovery_target_timeline: String(options.timeline),
    recovery_target_action: 'promote',
  }
  if (position !== undefined) {
    settings['recovery_target_lsn'] = position
    // A record counts by where it begins: the commit that begins at the position was not there yet for who read the position.
    settings['recovery_target_inclusive'] = 'off'
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** The last line of a timeline's history: the parent, where it was left, why. */
async function leftAt(dataDirectory: string, timeline: number): Promise<string> {
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
  const text = await readFile(path.join(dataDirectory, 'pg_wal', name), 'utf8')
  const lsn = /^\d+\t([0-9A-F]+\/[0-9A-F]+)\t.*\s*$/m.exec(text.trim().split('\n').at(-1) ?? '')?.[1]
  if (lsn === undefined) throw new Error(`unexpected history of timeline ${timeline}: ${text}`)
  return lsn
}
