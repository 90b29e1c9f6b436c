// The sessions of a compute that is about to stop: those that can do without a backend are parked, the others told that they end. Where that
// fails or takes too long, the server ends them itself.
import type { Clock } from '../base/clock.ts'
import { startDeadline } from '../base/deadline.ts'
import type { Logger } from '../base/log.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { SuspendReason } from './machine.ts'
import type { RefusedSession, SessionHolder } from './ports.ts'

/** How long sessions may take to let go of their backends, before the compute stops. */
const PARK_MS = 2_000
/** How long those that end may take. */
const RETIRE_MS = 1_000
/** Why sessions may outlive a server: it, or one like it, comes back. */
const PARKED_FOR: ReadonlySet<SuspendReason> = new Set(['idle', 'asked', 'restart'])

export interface ParkingOptions {
  readonly uid: string
  readonly sessions: SessionHolder | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** Parks what can be parked and returns what cannot. The caller holds the lock of the branch; the compute is still active. */
export async function parkSessions(
  { uid, sessions, clock, log }: ParkingOptions,
  reason: SuspendReason,
): Promise<readonly RefusedSession[]> {
  if (!sessions || !PARKED_FOR.has(reason)) return []
  try {
    const { parked, refused } = await inTime(clock, PARK_MS, sessions.park(uid, PARK_MS))
    log.debug({ parked, refused }, 'sessions were parked')
    return refused
  } catch (error) {
    log.warn({ err: error }, 'the sessions could not be parked')
    return []
  }
}

/** Ends the sessions that were refused. The compute is stopping: what their ends tell it keeps it awake no more. */
export async function retireSessions(
  { sessions, clock, log }: ParkingOptions,
  refused: readonly RefusedSession[],
): Promise<void> {
  if (!sessions || refused.length === 0) return
  const ids = refused.map(({ session }) => session)
  await inTime(clock, RETIRE_MS, sessions.retire(ids)).catch((error: unknown) => {
    log.warn({ err: error }, 'sessions did not end in time')
  })
}

async function inTime<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  using deadline = startDeadline(clock, ms, new Error(`not done within ${ms} ms`))
  return await untilAborted(work, deadline.signal)
}
