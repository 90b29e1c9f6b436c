// The sessions of a compute that is about to stop: those that can do without a backend are held, then parked; of the others those that are idle
// keep the compute awake for a while where it only stops for want of use, and are told that they end where it stops all the same. Where
// anything of that fails or takes too long, the server ends them itself.
import type { Clock } from '../base/clock.ts'
import { startDeadline } from '../base/deadline.ts'
import type { Logger } from '../base/log.ts'
import { untilAborted } from '../base/until-aborted.ts'
import { type AwakeBecause, idleTransactionMs, type ServerActivity } from './idle-check.ts'
import type { SuspendReason } from './machine.ts'
import type { ParkingSpec, RefusedSession, SessionHolder } from './ports.ts'

/** How long sessions may take to tell what they hold, before the compute stops for want of use; it is tried again later. */
const PARK_MS = 4_000
/** The same where it stops all the same, and who was not heard in time ends. */
const PARK_ASKED_MS = 15_000
/** How long those that end, or let go of their backends, may take. */
const SETTLE_MS = 5_000
/** How long the others wait for parked sessions that listen. */
const REVIVE_MS = 2_000
/** Why sessions may outlive a server: it, or one like it, comes back. */
const PARKED_FOR: ReadonlySet<SuspendReason> = new Set(['idle', 'asked', 'restart', 'replaced'])

export interface ParkingOptions {
  readonly uid: string
  readonly sessions: SessionHolder | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** What became of the look at the sessions. One of `leave` and `stay` must be called. */
export interface Parking {
  /** What keeps the compute awake; undefined where nothing does. */
  readonly awakeBecause: AwakeBecause | undefined
  /** The compute is stopping: sessions lose their backends or end. What their ends tell it keeps it awake no more. */
  leave(): Promise<void>
  /** The compute stays: they go on. */
  stay(): Promise<void>
}

/** Where nobody is asked: the server ends all sessions. */
const NOBODY: Parking = { awakeBecause: undefined, leave: async () => {}, stay: async () => {} }

/** Holds what can be parked. The caller holds the lock of the branch; the compute is still active. */
export async function prepareParking(
  options: ParkingOptions,
  reason: SuspendReason,
  spec: ParkingSpec | undefined,
): Promise<Parking> {
  const { uid, sessions, clock, log } = options
  if (!sessions || !spec || !PARKED_FOR.has(reason)) return NOBODY
  const keepAwakeMs = reason === 'idle' ? spec.keepAwakeMs : 0
  const settle = async (outcome: 'parked' | 'released') =>
    inTime(clock, SETTLE_MS, sessions.settle(uid, outcome)).catch((error: unknown) => {
      log.warn({ err: error }, 'sessions were not settled in time')
    })
  try {
    const deadlineMs = reason === 'idle' ? PARK_MS : PARK_ASKED_MS
    const asked = sessions.park(uid, { deadlineMs, keepAwakeMs })
    const { parked, refused } = await inTime(clock, 2 * deadlineMs, asked)
    log.debug({ parked, refused }, 'sessions were asked to be parked')
    return {
      awakeBecause: reason === 'idle' ? keeper(refused, keepAwakeMs, clock) : undefined,
      stay: () => settle('released'),
      leave: async () => {
        // First: what they notify others of is to reach those.
        await retireSessions(options, sessions, refused)
        await settle('parked')
      },
    }
  } catch (error) {
    log.warn({ err: error }, 'the sessions could not be parked')
    await settle('released')
    return NOBODY
  }
}

/** Called once the server has started, before anybody else can use it. */
export async function reviveSessions(
  { uid, sessions, clock, log }: ParkingOptions,
  address: Parameters<SessionHolder['revive']>[1],
): Promise<void> {
  if (!sessions) return
  await inTime(clock, 2 * REVIVE_MS, sessions.revive(uid, address, REVIVE_MS)).catch((error: unknown) => {
    log.warn({ err: error }, 'parked sessions did not come back in time')
  })
}

/** A transaction in which nothing happens keeps a compute awake as long as any session that cannot be parked does. */
export function isKeptAwake(
  { awakeBecause }: ServerActivity,
  spec: ParkingSpec | undefined,
  now: Date,
): boolean {
  if (!awakeBecause) return false
  const idleMs = idleTransactionMs(awakeBecause, now)
  return idleMs === undefined || !spec || idleMs < spec.keepAwakeMs
}

function keeper(
  refused: readonly RefusedSession[],
  keepAwakeMs: number,
  clock: Clock,
): AwakeBecause | undefined {
  const found = refused.find(({ idleMs }) => idleMs === undefined || idleMs < keepAwakeMs)
  if (!found) return undefined
  const { reason, idleMs, processId, role, database, applicationName } = found
  return {
    pid: processId ?? 0,
    kind: 'session that cannot be parked',
    role: role ?? null,
    database: database ?? null,
    application: applicationName ?? null,
    state: idleMs === undefined ? 'active' : 'idle',
    since: new Date(clock.now().getTime() - (idleMs ?? 0)).toISOString(),
    reason,
  }
}

async function retireSessions(
  { clock, log }: ParkingOptions,
  sessions: SessionHolder,
  refused: readonly RefusedSession[],
): Promise<void> {
  if (refused.length === 0) return
  const ids = refused.map(({ session }) => session)
  await inTime(clock, SETTLE_MS, sessions.retire(ids)).catch((error: unknown) => {
    log.warn({ err: error }, 'sessions did not end in time')
  })
}

async function inTime<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  using deadline = startDeadline(clock, ms, new Error(`not done within ${ms} ms`))
  return await untilAborted(work, deadline.signal)
}
