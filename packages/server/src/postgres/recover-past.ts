// Archive recovery of a data directory up to a moment of the past (Postgres documentation, "Point-in-Time Recovery"): a server that nobody
// but the workspace reaches, which replays the log, begins a timeline of its own and is stopped again.
import { chown, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isLakeletError } from '../base/errors.ts'
import { type AdminConnection, connectAdmin } from './admin.ts'
import { type ClusterOptions, startCluster } from './cluster.ts'
import { readControlFile } from './control-file.ts'
import { ownerOf } from './host.ts'

/** A moment: of the last commit that is to be there, or a position in the log. Both are inclusive. */
export type RecoveryTarget =
  /** RFC 3339, up to microseconds. */
  | { readonly time: string }
  | { readonly lsn: string }
  /** As far as there is log. */
  | 'end'

export interface RecoverPastOptions extends Omit<ClusterOptions, 'settings' | 'arguments'> {
  readonly target: RecoveryTarget
  /** The timeline that leads there; its history is in the archive, unless it is the first. */
  readonly timeline: number
  /** Where completed segments are, as seen from the data directory. */
  readonly archive: string
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

/** The text of xlogrecovery.c for a log that ends before the target. Nobody is connected who could write it into the log. */
const ENDED_BEFORE = 'recovery ended before configured recovery target was reached'

/**
 * Recovers. A time after the last commit is the end of the log: only commits have times (xlogrecovery.c, recoveryStopsAfter), and the
 * caller has seen to it that the log reaches up to now. Throws `compute_start_failed`. Nothing is flushed.
 */
export async function recoverPast(options: RecoverPastOptions, signal?: AbortSignal): Promise<RecoveredPast> {
  const owner = ownerOf(options.installation)
  const mark = path.join(options.dataDirectory, 'recovery.signal')
  await writeFile(mark, '', { mode: 0o600 })
  await chown(mark, owner.uid, owner.gid)
  try {
    return await recoverTo(options, options.target, signal)
  } catch (error) {
    const isTime = typeof options.target === 'object' && 'time' in options.target
    const isPastEnd = isLakeletError(error, 'compute_start_failed') && error.message.includes(ENDED_BEFORE)
    if (!isTime || !isPastEnd) throw error
    return await recoverTo(options, 'end', signal)
  } finally {
    await rm(mark, { force: true })
  }
}

/** Whether a recovery failed because the log ends before its target. */
export function isBeyondLog(error: unknown): boolean {
  return isLakeletError(error, 'compute_start_failed') && error.message.includes(ENDED_BEFORE)
}

async function recoverTo(
  options: RecoverPastOptions,
  target: RecoveryTarget,
  signal?: AbortSignal,
): Promise<RecoveredPast> {
  const cluster = await startCluster(
    { ...options, settings: { maxCu: 1 }, arguments: recoveryArguments(options, target), promoted: true },
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

function recoveryArguments(options: RecoverPastOptions, target: RecoveryTarget): string[] {
  const settings: Record<string, string> = {
    archive_mode: 'off',
    // Else the sizes of the source at that time would have to be met.
    hot_standby: 'off',
    // Whoever asked for this flushes the whole directory when it is done.
    fsync: 'off',
    // Relative to the data directory, where the server runs: the whole may be moved.
    restore_command: `cp "${options.archive}/%f" "%p" 2>/dev/null`,
    recovery_target_timeline: String(options.timeline),
    recovery_target_action: 'promote',
    recovery_target_inclusive: 'on',
  }
  if (target !== 'end') {
    // Names of zones, `Z` among them, are not known yet when it is read.
    if ('time' in target) settings['recovery_target_time'] = target.time.replace(/Z$/i, '+00:00')
    else settings['recovery_target_lsn'] = target.lsn
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
