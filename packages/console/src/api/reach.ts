// Whether the workspace answers. What asks it says so; the page shows one line while it does not.
import { useSyncExternalStore } from 'react'

let isAway = false
const listeners = new Set<() => void>()

/** Notes whether the workspace answered the last time it was asked. */
export function noteReach(answers: boolean): void {
  if (isAway === !answers) return
  isAway = !answers
  for (const listener of listeners) listener()
}

/** Resolves when the workspace answers again, at once when it does. */
export async function reachable(): Promise<void> {
  if (!isAway) return
  await new Promise<void>((resolve) => {
    const stop = follow(() => {
      if (isAway) return
      stop()
      resolve()
    })
  })
}

export function useIsAway(): boolean {
  return useSyncExternalStore(follow, () => isAway)
}

function follow(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
