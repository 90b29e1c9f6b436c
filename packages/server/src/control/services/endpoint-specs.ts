import type { EndpointSource, EndpointSpec } from '../../computes/index.ts'
import type { Metadata } from '../../metadata/database.ts'
import { type LiveEndpoint, listLiveEndpoints } from '../../metadata/endpoints.ts'
import { ReadCache } from '../read-cache.ts'
import type { StoragePort } from '../ports.ts'

/** The endpoints as their computes need them, read again only when a row has changed; none of a deleted branch or project. */
export function endpointSource(
  metadata: Metadata,
  storage: Pick<StoragePort, 'dataDirectory'>,
): EndpointSource {
  const cache = new ReadCache(metadata, ['projects', 'branches', 'endpoints'])
  return {
    async load(uid) {
      const live = await cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
      const found = live.find((each) => each.uid === uid)
      return found && specOf(found, storage.dataDirectory(found.branchUid))
    },
  }
}

function specOf(found: LiveEndpoint, dataDirectory: string): EndpointSpec {
  return {
    uid: found.uid,
    branchUid: found.branchUid,
    dataDirectory,
    major: found.pgVersion,
    minCu: found.minCu,
    maxCu: found.maxCu,
    suspendAfterMs: found.suspendSeconds === null ? null : found.suspendSeconds * 1000,
    disabled: found.isDisabled,
    settings: found.pgSettings,
  }
}
