import type { Config } from '../../base/config.ts'
import type { EndpointSource, EndpointSpec } from '../../computes/index.ts'
import { secondariesOf, secondaryOf } from '../../base/group-members.ts'
import type { Metadata } from '../../metadata/database.ts'
import { type LiveEndpoint, listLiveEndpoints } from '../../metadata/endpoints.ts'
import { ReadCache } from '../read-cache.ts'
import type { StoragePort } from '../ports.ts'

/** The endpoints as their computes need them, read again only when a row has changed; none of a deleted branch or project. */
export function endpointSource(
  metadata: Metadata,
  storage: Pick<StoragePort, 'dataDirectory' | 'replicas'>,
  parking: Config['parking'],
): EndpointSource {
  const cache = new ReadCache(metadata, ['projects', 'branches', 'endpoints'])
  const live = () => cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
  const specFrom = (all: readonly LiveEndpoint[], found: LiveEndpoint): EndpointSpec | undefined => {
    if (!found.isReadOnly) return specOf(found, storage.dataDirectory(found.branchUid), parking)
    const primary = all.find(({ branchUid, isReadOnly }) => branchUid === found.branchUid && !isReadOnly)
    return primary && replicaSpec(found, primary, storage.replicas.dataDirectory(found.uid), parking)
  }
  /** A standby with all that its primary has; it counts to no limit of its own. */
  const secondarySpec = (all: readonly LiveEndpoint[], uid: string): EndpointSpec | undefined => {
    const { endpointUid, number } = secondaryOf(uid) ?? {}
    const primary = all.find((each) => each.uid === endpointUid)
    if (!primary || number === undefined || number >= primary.groupSize) return undefined
    const { countsTo: _, ...spec } = replicaSpec(
      { ...primary, uid },
      primary,
      storage.replicas.dataDirectory(uid),
      parking,
    )
    return spec
  }
  return {
    async load(uid) {
      const all = await live()
      const found = all.find((each) => each.uid === uid)
      return found ? specFrom(all, found) : secondarySpec(all, uid)
    },
    async list() {
      const all = await live()
      const secondaries = all.flatMap((each) => secondariesOf(each.uid, each.groupSize))
      return [
        ...all.flatMap((each) => specFrom(all, each) ?? []),
        ...secondaries.flatMap((uid) => secondarySpec(all, uid) ?? []),
      ]
    },
  }
}

function replicaSpec(
  found: LiveEndpoint,
  primary: LiveEndpoint,
  dataDirectory: string,
  parking: Config['parking'],
): EndpointSpec {
  return {
    ...specOf(found, dataDirectory, parking),
    branchUid: found.uid,
    follows: { endpointUid: primary.uid, branchUid: primary.branchUid },
  }
}

function specOf(found: LiveEndpoint, dataDirectory: string, parking: Config['parking']): EndpointSpec {
  return {
    uid: found.uid,
    branchUid: found.branchUid,
    ...(found.isOfDefaultBranch ? {} : { countsTo: found.projectUid }),
    dataDirectory,
    major: found.pgVersion,
    minCu: found.minCu,
    maxCu: found.maxCu,
    suspendAfterMs: found.suspendSeconds === null ? null : found.suspendSeconds * 1000,
    disabled: found.isDisabled,
    ...((found.parksSessions ?? parking.sessions === 'on')
      ? { parking: { keepAwakeMs: parking.keepAwakeSeconds * 1000 } }
      : {}),
    settings: found.pgSettings,
  }
}
