// The changes of the workspace as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
import { CHANGE_TOPICS, type ChangeEvent, type ChangeTopic } from '@lakelet/api'
import type { Changes } from '../../base/changes.ts'
import type { Clock } from '../../base/clock.ts'

/** What comes in a burst is told at once: a step of an operation writes several rows. */
const GATHER_MS = 50
/** Shorter than the idle limits of common proxies; also shows a client that is gone. */
const KEEP_ALIVE_MS = 15_000
/** After this a stream ends and the client, which reconnects by itself, shows its right to listen again. */
const LIFE_MS = 10 * 60_000

export interface ChangeStreamOptions {
  readonly changes: Changes
  readonly clock: Clock
  /** Distinguishes the revisions of this run of the server from those of another one. */
  readonly run: string
}

/**
 * Yields events until `signal` aborts or the stream has lived its time. `lastEventId` is where an earlier stream ended: of the same run, what
 * changed since is told; otherwise the first event is `reset`. The next event is only made once the one before was taken, so a slow client
 * is told less often, never kept in memory.
 */
export async function* changeStream(
  options: ChangeStreamOptions,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { changes, clock, run } = options
  const endsAt = clock.monotonicMs() + LIFE_MS
  const known = revisionIn(lastEventId, run)
  let told = known === undefined || known > changes.revision ? undefined : known
  yield 'retry: 1000\n\n'
  if (told === undefined) {
    told = changes.revision
    yield eventText('reset', `${run}.${told}`, CHANGE_TOPICS)
  }
  while (!signal.aborted && clock.monotonicMs() < endsAt) {
    const { revision, topics } = changes.since(told)
    if (topics.length > 0) yield eventText('changed', `${run}.${revision}`, topics)
    told = revision
    if (changes.revision === told) yield* keepAlive(changes, clock, signal)
    await clock.sleep(GATHER_MS, signal).catch(() => undefined)
  }
}

/** Ends at the next change or abort; yields a comment now and then. */
async function* keepAlive(changes: Changes, clock: Clock, signal: AbortSignal): AsyncGenerator<string> {
  const change = changes.next().then(() => 'changed' as const)
  const pause = new AbortController()
  const stop = AbortSignal.any([signal, pause.signal])
  try {
    const elapsed = clock.sleep(KEEP_ALIVE_MS, stop).then(
      () => 'quiet' as const,
      () => 'ended' as const,
    )
    if ((await Promise.race([change, elapsed])) === 'quiet') yield ': still here\n\n'
  } finally {
    pause.abort()
  }
}

function revisionIn(lastEventId: string | undefined, run: string): number | undefined {
  const [ofRun, revision] = lastEventId?.split('.') ?? []
  return ofRun === run && /^\d{1,15}$/.test(revision ?? '') ? Number(revision) : undefined
}

function eventText(event: 'reset' | 'changed', id: string, topics: readonly ChangeTopic[]): string {
  const data: ChangeEvent = { topics: [...topics] }
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
