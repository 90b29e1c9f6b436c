// Waking, suspending and restarting a compute because somebody says so, and what becomes of its sessions.
import {
  type Endpoint,
  endpointActions,
  type EndpointParkingInput,
  type EndpointParkingView,
  requireAction,
} from '@lakelet/api'
import { untilAborted } from '../../base/until-aborted.ts'
import { updateEndpoint } from '../../metadata/endpoints.ts'
import type { AskedMoves } from '../reconcilers/carry-out-moves.ts'
import { viewEndpoint } from '../views/endpoint.ts'
import type { ControlContext } from '../context.ts'
import type { EndpointPath } from './endpoints.ts'
import { endpointSubjectOf } from '../rules/endpoint.ts'
import { liveEndpoint } from '../rules/resolve.ts'

export class ComputeControl {
  readonly #context: ControlContext
  readonly #moves: Pick<AskedMoves, 'ask'>

  constructor(context: ControlContext, moves: Pick<AskedMoves, 'ask'>) {
    this.#context = context
    this.#moves = moves
  }

  /** Waits until the compute is active. LakeletError `branch_not_ready`, `endpoint_disabled`. */
  async wake(path: EndpointPath, signal: AbortSignal): Promise<Endpoint> {
    const uid = await this.#require('wake', path)
    await this.#context.computes.wake(uid, signal)
    return this.#reply(path)
  }

  async suspend(path: EndpointPath): Promise<Endpoint> {
    await this.#moves.ask(await this.#require('suspend', path), 'SUSPEND')
    return this.#reply(path)
  }

  /** Goes on, after a kill too, where the caller waits no longer. LakeletError `branch_not_ready`, `endpoint_disabled`. */
  async restart(path: EndpointPath, signal: AbortSignal): Promise<Endpoint> {
    const uid = await this.#require('restart', path)
    await untilAborted(this.#moves.ask(uid, 'RESTART'), signal)
    return this.#reply(path)
  }

  async getParking(path: EndpointPath): Promise<EndpointParkingView> {
    const { endpoint } = await liveEndpoint(this.#context.metadata.db, path)
    const { parksSessions, keepAwakeSeconds, parkedBytes } = this.#context.defaults
    const parked = (await this.#context.sessions.list(endpoint.uid)).filter(({ stage }) => stage === 'parked')
    const said = endpoint.parks_sessions === null ? undefined : endpoint.parks_sessions === 1
    return {
      sessions: (said ?? parksSessions) ? 'on' : 'off',
      is_default: said === undefined,
      default_sessions: parksSessions ? 'on' : 'off',
      keep_awake_seconds: keepAwakeSeconds,
      parked_sessions: parked.length,
      parked_bytes: parked.reduce((sum, each) => sum + (each.parkedBytes ?? 0), 0),
      max_parked_bytes: parkedBytes,
    }
  }

  /** Its compute asks when it stops next; sessions that are parked by then stay so until their next statement. */
  async setParking(path: EndpointPath, { sessions }: EndpointParkingInput): Promise<EndpointParkingView> {
    const { endpoint } = await liveEndpoint(this.#context.metadata.db, path)
    await updateEndpoint(this.#context.metadata.db, endpoint.uid, {
      parks_sessions: sessions === 'default' ? null : Number(sessions === 'on'),
    })
    return this.getParking(path)
  }

  /** Uid of the endpoint, where the contract allows the action. */
  async #require(action: 'wake' | 'suspend' | 'restart', path: EndpointPath): Promise<string> {
    const rows = await liveEndpoint(this.#context.metadata.db, path)
    requireAction(endpointActions, action, endpointSubjectOf(rows))
    return rows.endpoint.uid
  }

  async #reply(path: EndpointPath): Promise<Endpoint> {
    const { endpoint, ...rows } = await liveEndpoint(this.#context.metadata.db, path)
    return viewEndpoint({ row: endpoint, ...rows }, this.#context)
  }
}
