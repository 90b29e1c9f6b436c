// From a backend that accepted the login to a relay: the client gets the server's greeting with a cancel key of ours.
import { encodeBackendKeyData } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { cancelBackend } from './cancel-backend.ts'
import type { CancelKey } from './cancel-keys.ts'
import type { ClientConnection } from './client-connection.ts'
import type { Backend } from './connect-compute.ts'
import type { GatewayLimits } from './limits.ts'
import { Relay } from './relay.ts'
import type { SessionReport } from './session-reports.ts'

/** Activity is told at most this often. */
const ACTIVITY_STEP_MS = 1_000

export function startRelay(
  client: ClientConnection,
  backend: Backend,
  key: CancelKey,
  context: { readonly clock: Clock; readonly limits: GatewayLimits; readonly report: SessionReport },
): Relay {
  const { clock, limits, report } = context
  let activeMs = clock.monotonicMs()
  const relay = new Relay({
    client: client.stream,
    backend: backend.connection,
    fromClient: client.release(),
    fromServer: backend.rest,
    clock,
    halfClosedMs: limits.halfClosedMs,
    cancel: (signal) => cancelBackend(backend.key, signal),
    onClientBytes: (nowMs) => {
      if (nowMs - activeMs < ACTIVITY_STEP_MS) return
      activeMs = nowMs
      report.active()
    },
  })
  const greeting = [backend.head, encodeBackendKeyData(key.processId, key.secret), backend.rest]
  client.stream.write(Buffer.concat(greeting))
  relay.start()
  return relay
}
