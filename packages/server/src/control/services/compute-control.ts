// Waking, suspending and restarting a compute because somebody says so.
import type { Endpoint } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import type { Computes } from '../../computes/index.ts'
import { viewEndpoint } from '../views/endpoint.ts'
import type { ControlContext } from '../context.ts'
import type { EndpointPath } from './endpoints.ts'
import { liveEndpoint } from '../rules/resolve.ts'

export class ComputeControl {
  readonly #context: ControlContext
  readonly #computes: Pick<Computes, 'wake' | 'suspend' | 'restart'>

  constructor(context: ControlContext, computes: Pick<Computes, 'wake' | 'suspend' | 'restart'>) {
    this.#context = context
    this.#computes = computes
  }

  /** Waits until the compute is active. LakeletError `branch_not_ready`, `endpoint_disabled`. */
  async wake(path: EndpointPath, signal: AbortSignal): Promise<Endpoint> {
    const { uid } = await this.#ready(path)
    await this.#computes.wake(uid, signal)
    return this.#reply(path)
  }

  async suspend(path: EndpointPath): Promise<Endpoint> {
    const { endpoint } = await liveEndpoint(this.#context.metadata.db, path)
    await this.#computes.suspend(endpoint.uid)
    return this.#reply(path)
  }

  /** LakeletError `branch_not_ready`, `endpoint_disabled`. */
  async restart(path: EndpointPath, signal: AbortSignal): Promise<Endpoint> {
    const { uid } = await this.#ready(path)
    await this.#computes.suspend(uid, 'restart')
    await this.#computes.wake(uid, signal)
    return this.#reply(path)
  }

  async #ready(path: EndpointPath) {
    const { branch, endpoint } = await liveEndpoint(this.#context.metadata.db, path)
    if (branch.state !== 'READY') {
      throw new LakeletError('branch_not_ready', { name: branch.branch_id, state: branch.state })
    }
    return endpoint
  }

  async #reply(path: EndpointPath): Promise<Endpoint> {
    const { endpoint, ...rows } = await liveEndpoint(this.#context.metadata.db, path)
    return viewEndpoint({ row: endpoint, ...rows }, this.#context)
  }
}
