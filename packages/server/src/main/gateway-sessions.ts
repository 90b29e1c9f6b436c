// The sessions that the gateway holds, for those that are built before it: before it listens there are none.
import { errorData, LakeletError } from '../base/errors.ts'
import type { BackendAddress, ParkResult, RefusedSession, SessionHolder } from '../computes/index.ts'
import type { SessionsPort } from '../control/ports.ts'
import type { GatewayCommands, SessionInfo } from '../gateway/control.ts'

type Gateway = Pick<GatewayCommands, 'sessions' | 'park' | 'settle' | 'revive' | 'retire'>

export class GatewaySessions implements SessionHolder, SessionsPort {
  #gateway: Gateway | undefined

  /** Called when the gateway listens. */
  plug(gateway: Gateway): void {
    this.#gateway = gateway
  }

  async list(endpointUid: string): Promise<readonly SessionInfo[]> {
    const sessions = (await this.#gateway?.sessions()) ?? []
    return sessions.filter(({ endpoint }) => endpoint?.id === endpointUid)
  }

  async park(
    endpointUid: string,
    { deadlineMs, keepAwakeMs }: { readonly deadlineMs: number; readonly keepAwakeMs: number },
  ): Promise<ParkResult> {
    const sessions = await this.list(endpointUid)
    if (!this.#gateway || sessions.length === 0) return { parked: 0, refused: [] }
    // Where one keeps the compute awake, the others need not tell what they hold. Who is only connecting may have a backend before it stops.
    const connecting = sessions.filter((each) => each.parkRefusal === 'connecting')
    const known: RefusedSession[] = [
      ...connecting.map(({ id }) => ({ session: id, reason: 'connecting' })),
      ...sessions.flatMap((each) => refusedOf(each, each.parkRefusal)),
    ]
    const isKept = known.some(({ idleMs }) => idleMs === undefined || idleMs < keepAwakeMs)
    if (keepAwakeMs > 0 && isKept) return { parked: 0, refused: known }
    const { parked, refused } = await this.#gateway.park(endpointUid, deadlineMs)
    const infos = new Map((await this.list(endpointUid)).map((info) => [info.id, info]))
    return {
      parked,
      refused: refused.flatMap(({ session, reason, idleMs }) => {
        const { idleMs: _, ...info } = infos.get(session) ?? {}
        return refusedOf({ ...info, id: session, ...(idleMs === undefined ? {} : { idleMs }) }, reason)
      }),
    }
  }

  async settle(endpointUid: string, outcome: 'parked' | 'released'): Promise<void> {
    await this.#gateway?.settle(endpointUid, outcome)
  }

  async revive(endpointUid: string, address: BackendAddress, deadlineMs: number): Promise<void> {
    if (!('unix' in address) || !this.#gateway) return
    try {
      await this.#gateway.revive(endpointUid, address, deadlineMs)
    } finally {
      await this.#gateway.settle(endpointUid, 'released')
    }
  }

  async retire(sessions: readonly string[]): Promise<void> {
    await this.#gateway?.retire(sessions, errorData(new LakeletError('compute_suspended')))
  }

  async dismiss(endpointUid: string): Promise<void> {
    await this.retire((await this.list(endpointUid)).map(({ id }) => id))
  }
}

/** Who is only connecting has no backend to let go of, and wakes the compute again. */
function refusedOf(
  info: Pick<SessionInfo, 'id'> & Partial<SessionInfo>,
  reason: SessionInfo['parkRefusal'],
): ParkResult['refused'] {
  if (reason === undefined || reason === 'connecting') return []
  const { id, state, idleMs, processId, role, database, applicationName } = info
  return [
    {
      session: id,
      reason,
      ...(state === 'active' || idleMs === undefined ? {} : { idleMs }),
      ...(processId === undefined ? {} : { processId }),
      ...(role === undefined ? {} : { role }),
      ...(database === undefined ? {} : { database }),
      ...(applicationName === undefined ? {} : { applicationName }),
    },
  ]
}
