import type { EndpointSessionView } from '@lakelet/api'
import type { ClientSession } from '../ports.ts'

/** A session in the words of pg_stat_activity. */
export function viewSession(session: ClientSession): EndpointSessionView {
  const { id, address, since, role, database, applicationName, processId, parkRefusal } = session
  const { route, auth, connectMs, bytes, pool } = session
  const state = stateOf(session)
  return {
    session_id: id,
    ...(role === undefined ? {} : { role }),
    ...(database === undefined ? {} : { database }),
    ...(applicationName === undefined ? {} : { application: applicationName }),
    client_address: address,
    since: since.toISOString(),
    ...(state === undefined ? {} : { state }),
    ...(processId === undefined ? {} : { pid: processId }),
    ...(route === undefined ? {} : { route }),
    ...(auth === undefined ? {} : { auth }),
    ...(connectMs === undefined ? {} : { connect_ms: connectMs }),
    pooled: pool !== undefined,
    ...(pool?.pinned === undefined ? {} : { pinned: pool.pinned }),
    bytes_from_client: bytes.fromClient,
    bytes_to_client: bytes.toClient,
    can_park: parkRefusal === undefined,
    ...(parkRefusal === undefined ? {} : { park_refusal: parkRefusal }),
  }
}

/** Undefined where the gateway lost track of what the client does. */
function stateOf({ stage, state }: ClientSession): EndpointSessionView['state'] {
  if (stage === 'closing' || stage === 'parked') return stage
  if (stage !== 'relaying') return 'connecting'
  return state === 'transaction' ? 'idle in transaction' : state
}
