// By what names an endpoint is known: its uid, as host names have it, and its resource name with ids or uids.
import { endpointName } from '@lakelet/api'
import type { LiveEndpoint } from '../../metadata/endpoints.ts'

/** `projects/…/branches/…/endpoints/…` of an endpoint, with ids. */
export function nameOfEndpoint(endpoint: LiveEndpoint): string {
  return endpointName(endpoint.projectId, endpoint.branchId, endpoint.endpointId)
}

/** The endpoint that `name` stands for. */
export function endpointNamed<E extends LiveEndpoint>(live: readonly E[], name: string): E | undefined {
  return live.find((each) => isNamed(each, name))
}

function isNamed(endpoint: LiveEndpoint, name: string): boolean {
  if (!name.includes('/')) return endpoint.uid === name.toLowerCase()
  const [, project, , branch, , id] = name.split('/')
  return (
    (project === endpoint.projectId || project === endpoint.projectUid) &&
    (branch === endpoint.branchId || branch === endpoint.branchUid) &&
    (id === endpoint.endpointId || id === endpoint.uid)
  )
}
