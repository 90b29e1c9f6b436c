// The end of the workspace does not wait for what holds a compute, such as a long clone: that is done again at the next start.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { type ComputeServer, LAST_STOP_MS } from './compute-server.ts'
import type { ComputeMachine } from './machine.ts'

/** How long to wait for what holds the compute. */
const HELD_MS = 5_000

/** Stops the server when its stop under the lock, `stopped`, takes too long. */
export async function stopWithoutLock(
  stopped: Promise<void>,
  {
    machine,
    server,
    clock,
    log,
  }: {
    readonly machine: ComputeMachine
    readonly server: ComputeServer
    readonly clock: Clock
    readonly log: Logger
  },
): Promise<void> {
  const given = new AbortController()
  const late = clock.sleep(HELD_MS, given.signal).then(
    () => true,
    () => false,
  )
  const isLate = await Promise.race([late, stopped.then(() => false)]).finally(() => given.abort())
  const { running } = server
  if (!isLate || machine.state !== 'active' || !running) return
  log.warn('the compute is stopped though something holds it')
  await running.server.stop({ fastMs: LAST_STOP_MS })
}
