// From a backend that accepted the login to a relay: the client gets the server's greeting with a cancel key of ours.
import { encodeBackendKeyData } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { cancelBackend } from './cancel-backend.ts'
import type { CancelKey } from './cancel-keys.ts'
import type { ClientConnection } from './client-connection.ts'
import type { Backend } from './connect-compute.ts'
import type { HintedErrors } from './hinted-errors.ts'
import type { GatewayLimits } from './limits.ts'
import { Relay } from './relay.ts'
import type { SessionReport } from './session-reports.ts'

/** Activity is told at most this often. */
const ACTIVITY_STEP_MS = 1_000

export function startRelay(
  client: ClientConnection,
  backend: Backend,
  key: CancelKey,
  context: {
    readonly clock: Clock
    readonly limits: GatewayLimits
    readonly report: SessionReport
    /** What changes errors of the server on their way. */
    readonly errors?: HintedErrors
  },
): Relay {
  const { clock, limits, report, errors } = context
  let activeMs = clock.monotonicMs()
  const relay = new Relay({
    client: client.stream,
    backend: backend.connection,
    fromClient: client.release(),
    fromServer: backend.rest,
    ...(errors ? { errors } : {}),
    clock,
    halfClosedMs: limits.halfClosedMs,
    cancel: (signal) => cancelBackend(backend.key, signal),
    onClientBytes: (nowMs) => {
      if (nowMs - activeMs < ACTIVITY_STEP_MS) return
      activeMs = nowMs
      report.active(relay.bytes)
    },
  })
  const rest = errors ? errors.pass(backend.rest) : backend.rest
  const greeting = [backend.head, encodeBackendKeyData(key.processId, key.secret), rest]
  client.stream.write(Buffer.concat(greeting))
  relay.start()
  return relay
}
