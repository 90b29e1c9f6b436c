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

/** Calls `tell` for bytes of a client, but not for all of them. */
export function activityOf(tell: () => void, clock: Clock): (nowMs: number) => void {
  let activeMs = clock.monotonicMs()
  return (nowMs) => {
    if (nowMs - activeMs < ACTIVITY_STEP_MS) return
    activeMs = nowMs
    tell()
  }
}

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
  const relay: Relay = new Relay({
    client: client.stream,
    connection: backend.connection,
    fromClient: client.release(),
    fromServer: backend.rest,
    ...(errors ? { errors } : {}),
    clock,
    halfClosedMs: limits.halfClosedMs,
    cancel: (signal) => cancelBackend(backend.key, signal),
    onClientBytes: activityOf(() => report.active(relay.bytes), clock),
  })
  const rest = errors ? errors.pass(backend.rest) : backend.rest
  const greeting = [backend.head, encodeBackendKeyData(key.processId, key.secret), rest]
  client.stream.write(Buffer.concat(greeting))
  relay.start()
  return relay
}
