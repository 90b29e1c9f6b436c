// Wakes a compute and logs in to it in the name of a session.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { untilAborted } from '../base/until-aborted.ts'
import { type Backend, connectCompute } from './connect-compute.ts'
import type { BackendAddress, GatewayControl, RoleFacts } from './control.ts'
import type { GatewayLimits } from './limits.ts'

/** Who wants a backend, and of what. */
export interface Dialer {
  readonly session: string
  readonly endpoint: string
  readonly role: string
  readonly startupPacket: Buffer
}

export interface DialOptions {
  /** A compute that nobody else can use yet, if one comes up before the wake is answered. */
  readonly offered?: Promise<BackendAddress>
  /** Judges the role as the awake compute knows it, once; throws a LakeletError. */
  readonly check?: (facts: RoleFacts | 'absent') => void
  readonly signal: AbortSignal
}

export interface DialContext {
  readonly control: GatewayControl
  readonly clock: Clock
  readonly limits: GatewayLimits
}

/** Why a client is told that it waited for long enough. */
export function tooLate(ms: number): LakeletError {
  return new LakeletError('compute_unreachable', { reason: `it was not ready after ${ms / 1000} s` })
}

/** Throws as `connectCompute` does. */
export function dial(
  { session, endpoint, role, startupPacket }: Dialer,
  options: DialOptions,
  context: DialContext,
): Promise<Backend> {
  const { control, clock, limits } = context
  let { check, offered } = options
  return connectCompute({
    wake: async (signal) => {
      const woken = untilAborted(control.wake(endpoint, session), signal)
      const address = await (offered ? Promise.race([offered, woken]) : woken)
      // Should nobody be there any more, only another wake helps.
      offered = undefined
      return address
    },
    check: async (signal) => {
      if (!check) return
      check(await untilAborted(control.role(endpoint, role), signal))
      check = undefined
    },
    startupPacket,
    clock,
    loginTimeoutMs: limits.loginTimeoutMs,
    signal: options.signal,
  })
}
