import type { Logger } from '../base/log.ts'
import type { SuspendReason } from './machine.ts'
import type { SessionHolder } from './ports.ts'

/** How long sessions may take to let go of their backends before the compute stops. */
const PARK_MS = 2_000
/** Why sessions may outlive a server: it, or one like it, comes back. */
const PARKED_FOR: ReadonlySet<SuspendReason> = new Set(['idle', 'asked', 'restart'])

/**
 * Has the backends of an endpoint's sessions let go before its compute stops: of the sessions that can do without, and at the end of those
 * that cannot. Where that fails, the server ends them itself. The caller holds the lock of the branch.
 */
export async function parkSessions(
  sessions: SessionHolder | undefined,
  endpointUid: string,
  reason: SuspendReason,
  log: Logger,
): Promise<void> {
  if (!sessions || !PARKED_FOR.has(reason)) return
  try {
    const { parked, refused } = await sessions.park(endpointUid, PARK_MS)
    const ids = refused.map(({ id }) => id)
    if (ids.length > 0) await sessions.retire(ids, 'its compute is suspended')
    log.debug({ parked, refused }, 'sessions were parked')
  } catch (error) {
    log.warn({ err: error }, 'the sessions could not be parked')
  }
}
