// The secondaries of endpoints of high availability run as long as their primary does, and sleep with one that somebody put to sleep. A primary
// that crashed is started again by its compute: meanwhile its secondaries go on with what they have.
import { secondariesOf } from '../../base/group-members.ts'
import { listLiveEndpoints } from '../../metadata/endpoints.ts'
import type { ControlParts } from '../context.ts'
import { ReadCache } from '../read-cache.ts'

/** How long a secondary that could not start is left alone; one that crashed is started again by its compute before. */
const AFTER_FAILURE_MS = 5_000

type Parts = Pick<ControlParts, 'metadata' | 'computes' | 'clock' | 'log'>

/** One round of a reconciler. Starts and stops are begun and not waited for. */
export function groupKeeper({ metadata, computes, clock, log }: Parts): () => Promise<void> {
  const cache = new ReadCache(metadata, ['projects', 'branches', 'endpoints'])
  const isToStart = (uid: string) => {
    const { state, since } = computes.activity(uid)
    return (
      state === 'idle' || (state === 'failed' && clock.now().getTime() - since.getTime() >= AFTER_FAILURE_MS)
    )
  }
  const begin = (uid: string, what: string, work: Promise<unknown>) =>
    void work.catch((error: unknown) => log.warn({ err: error, secondary: uid }, what))
  return async () => {
    const live = await cache.read('live endpoints', (queries) => listLiveEndpoints(queries))
    for (const { uid: primary, groupSize, isDisabled } of live) {
      if (groupSize === 1) continue
      const state = computes.state(primary)
      for (const uid of secondariesOf(primary, groupSize)) {
        if (state === 'active' && !isDisabled && isToStart(uid))
          begin(uid, 'a secondary did not start', computes.wake(uid))
        else if ((state === 'idle' || isDisabled) && computes.state(uid) === 'active')
          begin(uid, 'a secondary could not be put to sleep', computes.suspend(uid, 'asked'))
      }
    }
  }
}
