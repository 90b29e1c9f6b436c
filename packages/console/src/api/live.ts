// How pages learn of changes: one stream for all tabs of a browser, because HTTP/1.1 allows few connections to a host. The tab that
// holds a lock reads the stream and tells the others; when it goes, the next one takes over. A slow timer stays for what no topic says.
import type { QueryClient } from '@tanstack/react-query'
import { noteReach } from './reach.ts'

const STREAM = '/api/2.0/lakelet/changes'
const LOCK = 'lakelet-changes'
const VISIBLE_MS = 30_000
/** Changes come in groups. */
const GATHER_MS = 50
/** Before a stream is opened again that was refused, after a sign-out say; a browser repeats by itself only what the network ended. */
const REOPEN_MS = [1_000, 2_000, 5_000, 15_000, 30_000] as const
/** Reads that ask Postgres itself: a change elsewhere must not keep a compute awake. */
const OF_POSTGRES = new Set(['catalog', 'activity', 'rows', 'shape', 'tutorial', 'file'])

/** What the tab with the stream tells the others. */
type News = 'changed' | 'away' | 'back'

/** How often a read on screen is repeated although nothing was said to have changed; hidden pages do not ask. */
export function liveInterval(): number | false {
  return document.visibilityState === 'visible' ? VISIBLE_MS : false
}

/** Reads again what is on screen whenever something in the workspace changed, and says when the workspace does not answer. */
export function followChanges(client: QueryClient): void {
  const channel = new BroadcastChannel(LOCK)
  const hear = (news: News) => {
    noteReach(news !== 'away')
    if (news !== 'away') readAgain(client)
  }
  const tell = (news: News) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel stays within one origin
    channel.postMessage(news)
    hear(news)
  }
  channel.addEventListener('message', ({ data }: MessageEvent<News>) => hear(data))
  void navigator.locks.request(LOCK, () => {
    readStream(tell)
    // Held as long as this tab lives.
    return new Promise<void>(() => {})
  })
}

let gathering: ReturnType<typeof setTimeout> | undefined

function readAgain(client: QueryClient): void {
  gathering ??= setTimeout(() => {
    gathering = undefined
    void client.invalidateQueries({ predicate: ({ queryKey }) => !OF_POSTGRES.has(String(queryKey[0])) })
  }, GATHER_MS)
}

function readStream(tell: (news: News) => void, refused = 0): void {
  let isOpen = refused === 0
  let refusals = refused
  const stream = new EventSource(STREAM)
  stream.addEventListener('open', () => {
    if (!isOpen) tell('back')
    isOpen = true
    refusals = 0
  })
  stream.addEventListener('changed', () => tell('changed'))
  stream.addEventListener('reset', () => tell('changed'))
  stream.addEventListener('error', () => {
    if (stream.readyState !== EventSource.CLOSED) {
      if (isOpen) tell('away')
      isOpen = false
      return
    }
    const delay = REOPEN_MS[Math.min(refusals, REOPEN_MS.length - 1)]
    setTimeout(() => readStream(tell, refusals + 1), delay)
  })
}
