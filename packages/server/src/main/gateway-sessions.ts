// The sessions that the gateway holds, for those that are built before it: before it listens there are none.
import { errorData, LakeletError } from '../base/errors.ts'
import type { SessionHolder } from '../computes/index.ts'
import type { SessionsPort } from '../control/ports.ts'
import type { GatewayCommands } from '../gateway/control.ts'

export class GatewaySessions implements SessionHolder, SessionsPort {
  #gateway: Pick<GatewayCommands, 'sessions' | 'park' | 'retire'> | undefined

  /** Called when the gateway listens. */
  plug(gateway: Pick<GatewayCommands, 'sessions' | 'park' | 'retire'>): void {
    this.#gateway = gateway
  }

  async list(endpointUid: string) {
    const sessions = (await this.#gateway?.sessions()) ?? []
    return sessions.filter(({ endpoint }) => endpoint?.id === endpointUid)
  }

  async park(endpointUid: string, deadlineMs: number) {
    if (!this.#gateway) return { parked: 0, refused: [] }
    const { parked, refused } = await this.#gateway.park(endpointUid, deadlineMs)
    // Who is only connecting has no backend to let go of, and wakes the compute again.
    return { parked, refused: refused.filter(({ reason }) => reason !== 'connecting') }
  }

  async retire(sessions: readonly string[]): Promise<void> {
    await this.#gateway?.retire(sessions, errorData(new LakeletError('compute_suspended')))
  }
}
