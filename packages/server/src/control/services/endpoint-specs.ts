import type { EndpointSpec } from '../../computes/index.ts'
import type { Queries } from '../../metadata/database.ts'
import { listLiveEndpoints } from '../../metadata/endpoints.ts'
import type { StoragePort } from '../ports.ts'

/** An endpoint as its compute needs it; undefined where it, its branch or its project is deleted. */
export async function findEndpointSpec(
  queries: Queries,
  storage: Pick<StoragePort, 'dataDirectory'>,
  uid: string,
): Promise<EndpointSpec | undefined> {
  const [found] = await listLiveEndpoints(queries, uid)
  return (
    found && {
      uid,
      branchUid: found.branchUid,
      dataDirectory: storage.dataDirectory(found.branchUid),
      major: found.pgVersion,
      minCu: found.minCu,
      maxCu: found.maxCu,
      suspendAfterMs: found.suspendSeconds === null ? null : found.suspendSeconds * 1000,
      disabled: found.isDisabled,
      settings: found.pgSettings,
    }
  )
}
