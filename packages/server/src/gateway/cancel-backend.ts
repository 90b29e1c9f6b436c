import { createConnection } from 'node:net'
import { encodeCancelRequest } from '@lakelet/wire'
import type { CancelTarget } from './cancel-keys.ts'

/** A postmaster that is frozen or overwhelmed reads the request when it goes on, also from a socket that is closed. */
const DEADLINE_MS = 2_000

/**
 * Delivers a cancel request to a backend; resolves when the postmaster has closed the connection, which it does after
 * signalling. Never wakes: a compute that is gone has nothing to cancel, so failures are silence.
 */
export function cancelBackend(target: CancelTarget, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: target.address.unix, ...(signal ? { signal } : {}) })
    socket.setTimeout(DEADLINE_MS, () => socket.destroy())
    socket.once('connect', () => socket.write(encodeCancelRequest(target.processId, target.secret)))
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.resume()
  })
}
