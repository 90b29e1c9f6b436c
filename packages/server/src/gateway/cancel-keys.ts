// Cancel keys. A client gets the process id of its backend, because drivers compare it with pg_backend_pid() and with the
// sender of a notification, and a secret of ours, so that a key says which compute and never leaks the backend's own.
// All backends run on this machine, so live process ids are distinct; where two computes show the same one all the same
// (separate process namespaces), the later session gets a random id.
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { BackendAddress } from './control.ts'

/** Where a cancel request has to go, with the backend's own key. */
export interface CancelTarget {
  readonly address: BackendAddress
  readonly processId: number
  readonly secret: Uint8Array
}

export interface CancelKey {
  readonly processId: number
  readonly secret: Uint8Array
}

/** A backend, or what cancels where the backend changes. */
export type Cancelled = CancelTarget | (() => Promise<void>)

export class CancelKeys {
  readonly #targets = new Map<
    number,
    { readonly secret: Uint8Array; readonly target: Cancelled | undefined }
  >()

  get size(): number {
    return this.#targets.size
  }

  /** Mints the key of a session; `revoke` it when the session ends. The secret has as many bytes as the backend's. */
  mint(target: Cancelled): CancelKey {
    const own = typeof target === 'function' ? undefined : target
    let processId = own?.processId ?? randomInt(1, 0x7fff_ffff)
    while (this.#targets.has(processId)) processId = randomInt(1, 0x7fff_ffff)
    const secret = randomBytes(Math.max(4, own?.secret.length ?? 0))
    this.#targets.set(processId, { secret, target })
    return { processId, secret }
  }

  /** From now on the key stands for another backend; for none where undefined: there is nothing to cancel. */
  retarget({ processId, secret }: CancelKey, target: Cancelled | undefined): void {
    if (this.#targets.has(processId)) this.#targets.set(processId, { secret, target })
  }

  revoke(key: CancelKey): void {
    this.#targets.delete(key.processId)
  }

  /** The backend a key stands for; undefined for a wrong key, after the same comparison. */
  find(key: CancelKey): Cancelled | undefined {
    const entry = this.#targets.get(key.processId)
    const expected = entry?.secret ?? Buffer.alloc(key.secret.length)
    const isRight = expected.length === key.secret.length && timingSafeEqual(expected, key.secret)
    return isRight ? entry?.target : undefined
  }
}
