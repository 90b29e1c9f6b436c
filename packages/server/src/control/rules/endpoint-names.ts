// By what names an endpoint is known: its uid, as host names have it, and its resource name with ids or uids.
import { endpointName } from '@lakelet/api'
import { readersName } from '../../base/group-members.ts'
import { LakeletError } from '../../base/errors.ts'
import type { LiveEndpoint } from '../../metadata/endpoints.ts'

/** `projects/…/branches/…/endpoints/…` of an endpoint, with ids. */
export function nameOfEndpoint(endpoint: LiveEndpoint): string {
  return endpointName(endpoint.projectId, endpoint.branchId, endpoint.endpointId)
}

/** The endpoint that `name` stands for. */
export function endpointNamed<E extends LiveEndpoint>(live: readonly E[], name: string): E | undefined {
  return live.find((each) => isNamed(each, name))
}

/** How a client of Postgres says which endpoint it means; each part may be missing. */
export interface EndpointChoice {
  /** First label of the TLS host name: a uid. */
  readonly sni?: string
  /** From its startup options. */
  readonly option?: string
  /** That its token was made for. */
  readonly token?: string
}

/**
 * The endpoint that a client means: by host name or option, which must agree, else by its token, else the only read-write one there
 * is. `ambiguous`: nothing was named and there is not exactly one. Throws `endpoint_inconsistent`.
 */
export function chosenEndpoint<E extends LiveEndpoint>(
  live: readonly E[],
  { sni, option, token }: EndpointChoice,
): E | 'unknown' | 'ambiguous' {
  const named = sni ?? option ?? token
  if (named === undefined) {
    const [first, ...others] = live.filter(({ isReadOnly }) => !isReadOnly)
    return first && others.length === 0 ? first : 'ambiguous'
  }
  const found = endpointNamed(live, named)
  // The option may spell the name otherwise than the host does, for instance as a resource name.
  if (sni !== undefined && option !== undefined && sni !== option.toLowerCase()) {
    if (!found || endpointNamed(live, option) !== found)
      throw new LakeletError('endpoint_inconsistent', { sni, option })
  }
  return found ?? 'unknown'
}

/** Whether a client that means `endpoint` asks for one of its readable secondaries. */
export function meansReaders(endpoint: LiveEndpoint, { sni, option, token }: EndpointChoice): boolean {
  return (sni ?? option ?? token)?.toLowerCase() === readersName(endpoint.uid)
}

function isNamed(endpoint: LiveEndpoint, name: string): boolean {
  const { uid, groupSize, readsSecondaries } = endpoint
  if (!name.includes('/')) {
    const wanted = name.toLowerCase()
    return uid === wanted || (groupSize > 1 && readsSecondaries && readersName(uid) === wanted)
  }
  const [, project, , branch, , id] = name.split('/')
  return (
    (project === endpoint.projectId || project === endpoint.projectUid) &&
    (branch === endpoint.branchId || branch === endpoint.branchUid) &&
    (id === endpoint.endpointId || id === endpoint.uid)
  )
}
