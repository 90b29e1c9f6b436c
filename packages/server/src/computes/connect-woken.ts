import type { Clock } from '../base/clock.ts'
import { startDeadline } from '../base/deadline.ts'
import { type AdminConnection, isConnectionLost } from '../postgres/index.ts'
import type { RunningServer } from './drivers/driver.ts'
import { unreachable, WAKE_MS } from './limits.ts'

/** Connects to a compute, which is woken; one that recovers from a crash is waited for. Throws as a wake does. */
export async function connectWoken(
  compute: { readonly live: RunningServer | undefined; wake(signal: AbortSignal): Promise<unknown> },
  clock: Clock,
  { database, signal }: { readonly database?: string; readonly signal?: AbortSignal },
): Promise<AdminConnection> {
  using deadline = startDeadline(clock, WAKE_MS, unreachable(WAKE_MS), signal)
  for (;;) {
    await compute.wake(deadline.signal)
    const server = compute.live
    try {
      if (server) return await server.admin(database === undefined ? {} : { database })
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      await server?.ready(deadline.signal)
    }
  }
}

/** The answer of a server; undefined where it went away meanwhile. */
export async function unlessLost<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (!isConnectionLost(error)) throw error
    return undefined
  }
}
