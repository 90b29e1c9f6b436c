// Ends sessions that were idle or open for longer than Lakebase allows, between two requests of theirs and never in one.
import type { Clock } from '../base/clock.ts'
import { errorData, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { GatewayCommands, SessionInfo } from './control.ts'
import type { GatewayLimits } from './limits.ts'

const SWEEP_MS = 30_000

/** When a session was first seen, and since when nothing of it moved; both as exact as the time between two sweeps. */
interface Seen {
  readonly openedMs: number
  readonly moves: number
  readonly stillMs: number
}

/** Looks every half minute until the signal is aborted. */
export async function retireSessions(
  gateway: Pick<GatewayCommands, 'sessions' | 'retire'>,
  context: { readonly clock: Clock; readonly limits: GatewayLimits; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { clock, limits, logger } = context
  let seen = new Map<string, Seen>()
  let sweptMs = clock.monotonicMs()
  for (;;) {
    await clock.sleep(SWEEP_MS, signal).catch(() => {})
    if (signal.aborted) return
    const nowMs = clock.monotonicMs()
    const sessions = await gateway.sessions()
    seen = new Map(sessions.map((info) => [info.id, look(info, seen.get(info.id), sweptMs, nowMs)]))
    sweptMs = nowMs
    for (const info of sessions) {
      const reason = reasonToRetire(info, seen.get(info.id), nowMs, limits)
      if (!reason) continue
      const error = errorData(new LakeletError('connection_retired', { reason }))
      // Not waited for: a client that takes its time keeps no other.
      void gateway.retire([info.id], error).catch((failure: unknown) => {
        logger.warn({ err: failure, session: info.id }, 'a session could not be retired')
      })
    }
  }
}

function look({ moves }: SessionInfo, before: Seen | undefined, sweptMs: number, nowMs: number): Seen {
  if (!before) return { openedMs: sweptMs, moves, stillMs: sweptMs }
  return before.moves === moves ? before : { ...before, moves, stillMs: nowMs }
}

function reasonToRetire(
  { stage, state }: SessionInfo,
  seen: Seen | undefined,
  nowMs: number,
  limits: GatewayLimits,
): string | undefined {
  if ((stage !== 'relaying' && stage !== 'parked') || !seen) return undefined
  if (state !== 'active' && nowMs - seen.stillMs >= limits.idleTimeoutMs) return 'idle for too long'
  if (state === 'idle' && nowMs - seen.openedMs >= limits.maxLifetimeMs) return 'open for too long'
  return undefined
}
