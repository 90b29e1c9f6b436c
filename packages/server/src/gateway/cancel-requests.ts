import { cancelBackend } from './cancel-backend.ts'
import { type CancelKey, CancelKeys } from './cancel-keys.ts'
import type { SharedState } from './shared.ts'

/** Takes cancel requests: a right key reaches its backend and no other, a wrong one meets silence. */
export class CancelRequests {
  readonly keys = new CancelKeys()
  readonly #shared: Pick<SharedState, 'cancelElsewhere'>

  constructor(shared: Pick<SharedState, 'cancelElsewhere'>) {
    this.#shared = shared
  }

  /** Resolves when the backend has been signalled, or at once for a wrong key. The client gets no answer either way. */
  async handle(key: CancelKey, address: string): Promise<void> {
    if (!(await this.cancel(key))) await this.#shared.cancelElsewhere(key, address)
  }

  /** Cancels what a session of this thread does; false when the key is of none. */
  async cancel(key: CancelKey): Promise<boolean> {
    const target = this.keys.find(key)
    if (!target) return false
    await (typeof target === 'function' ? target() : cancelBackend(target))
    return true
  }
}
