// Times, told relative to now and exact on hover.
import { useSyncExternalStore } from 'react'
import { formatRelative, formatTime } from '../text/format.ts'

const TICK_MS = 30_000
const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for all relative times of the page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time, to half a minute. */
export function useNow(): number {
  return Math.max(
    useSyncExternalStore(subscribe, () => now),
    Date.now() - TICK_MS,
  )
}

/** How long ago or ahead; `exact` shows date and time instead. */
export function Time({ at, exact = false }: { readonly at: string | number; readonly exact?: boolean }) {
  const current = useNow()
  const full = formatTime(at)
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={full}
      className={exact ? undefined : 'whitespace-nowrap'}
    >
      {exact ? full : formatRelative(at, current)}
    </time>
  )
}
