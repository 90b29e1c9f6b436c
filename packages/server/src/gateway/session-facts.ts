// What is told of a session, in the log and to whoever asks who is connected: nothing that was shown to get in.
import type { LakeletError } from '../base/errors.ts'
import type { ParkRefusal, SessionInfo, TrafficBytes } from './control.ts'
import type { Login } from './log-in.ts'
import type { PooledRelay } from './pool/pooled-relay.ts'
import type { Relay, RelayEnd } from './relay.ts'

/** As long as a name of Postgres can be (NAMEDATALEN): what a client sends here is kept for each session and stands in each log line. */
const LONGEST_NAME = 63

export function cutName(name: string): string {
  return name.slice(0, LONGEST_NAME)
}

/** Where it was let in to, and how. */
export function loginFacts(login: Login | undefined): Pick<SessionInfo, 'endpoint' | 'route' | 'auth'> {
  return login ? { endpoint: login.located.endpoint, route: login.route, auth: login.auth } : {}
}

/** That it is in a pool, why it keeps its backend all the same, and which that is. */
export function poolFacts(relay: Relay | PooledRelay | undefined): Pick<SessionInfo, 'pool' | 'processId'> {
  if (!relay || !('pinned' in relay)) return {}
  const { pinned, processId } = relay
  return { pool: pinned ? { pinned } : {}, ...(processId === undefined ? {} : { processId }) }
}

/** Why a session that runs cannot do without its backend now. */
export function parkRefusalOf(relay: Relay | PooledRelay): ParkRefusal | undefined {
  return 'pinned' in relay ? relay.parkRefusal : 'active'
}

/** Who a session is of. */
export function whoOf(role: string, { principal, route, auth }: Login): object {
  return { role: cutName(role), ...(principal ? { identity: principal.name } : {}), route, auth }
}

/** Who ended it, why where that was us, and what went through it. */
export function endOf(by: RelayEnd, why: LakeletError | undefined, bytes: TrafficBytes | undefined): object {
  return {
    by,
    ...(why ? { code: why.code, reason: why.message } : {}),
    bytesFromClient: bytes?.fromClient ?? 0,
    bytesToClient: bytes?.toClient ?? 0,
  }
}
