// How pages learn of changes: one stream for all tabs of a browser, because HTTP/1.1 allows few connections to a host. The tab that
// holds a lock reads the stream and tells the others; when it goes, the next one takes over. A slow timer stays for what no topic says.
import type { QueryClient } from '@tanstack/react-query'

const STREAM = '/api/2.0/lakelet/changes'
const LOCK = 'lakelet-changes'
const VISIBLE_MS = 30_000
/** Changes come in groups. */
const GATHER_MS = 50
/** Reads that ask Postgres itself: a change elsewhere must not keep a compute awake. */
const OF_POSTGRES = new Set(['catalog', 'activity', 'rows', 'shape', 'tutorial', 'file'])

/** How often a read on screen is repeated although nothing was said to have changed; hidden pages do not ask. */
export function liveInterval(): number | false {
  return document.visibilityState === 'visible' ? VISIBLE_MS : false
}

/** Reads again what is on screen whenever something in the workspace changed. */
export function followChanges(client: QueryClient): void {
  const channel = new BroadcastChannel(LOCK)
  let timer: ReturnType<typeof setTimeout> | undefined
  const changed = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void client.invalidateQueries({ predicate: ({ queryKey }) => !OF_POSTGRES.has(String(queryKey[0])) })
    }, GATHER_MS)
  }
  channel.addEventListener('message', changed)
  void navigator.locks.request(LOCK, () => {
    const stream = new EventSource(STREAM)
    const tell = () => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel stays within one origin
      channel.postMessage('changed')
      changed()
    }
    stream.addEventListener('changed', tell)
    stream.addEventListener('reset', tell)
    // Held as long as this tab lives.
    return new Promise<void>(() => {})
  })
}
