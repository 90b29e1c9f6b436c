// The end of an HTTP server. `close` waits for every connection, and ends only those that are idle at that moment: one that answers a
// request just then becomes idle later and would be kept alive for its whole keep-alive time.
import type { FastifyInstance } from 'fastify'
import { type Clock, systemClock } from '../../base/clock.ts'

/** How long requests that are being answered may go on. */
export const DRAIN_MS = 5_000
const LOOK_EVERY_MS = 20

/** Stops accepting, lets running requests end within `drainMs`, and ends the connections that are left. */
export async function closeServer(
  http: FastifyInstance,
  { clock = systemClock, drainMs = DRAIN_MS }: { readonly clock?: Clock; readonly drainMs?: number } = {},
): Promise<void> {
  const closed = new AbortController()
  const closing = http.close().finally(() => {
    closed.abort()
  })
  const deadline = clock.monotonicMs() + drainMs
  while (!closed.signal.aborted && clock.monotonicMs() < deadline) {
    http.server.closeIdleConnections()
    await clock.sleep(LOOK_EVERY_MS, closed.signal).catch(() => undefined)
  }
  http.server.closeAllConnections()
  await closing
}
