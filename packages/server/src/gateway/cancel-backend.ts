import { createConnection } from 'node:net'
import { encodeCancelRequest } from '@lakelet/wire'
import type { CancelTarget } from './cancel-keys.ts'

const DEADLINE_MS = 5_000

/**
 * Delivers a cancel request to a backend; resolves when the postmaster has closed the connection, which it does after
 * signalling. Never wakes: a compute that is gone has nothing to cancel, so failures are silence.
 */
export function cancelBackend(target: CancelTarget): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: target.socketPath })
    socket.setTimeout(DEADLINE_MS, () => socket.destroy())
    socket.once('connect', () => socket.write(encodeCancelRequest(target.processId, target.secret)))
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.resume()
  })
}
