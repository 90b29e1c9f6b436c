// How pages learn of changes: the one place to switch from asking now and then to a stream of changes.

const VISIBLE_MS = 4000

/** How often a read on screen is repeated, in milliseconds; hidden pages do not ask. */
export function liveInterval(): number | false {
  return document.visibilityState === 'visible' ? VISIBLE_MS : false
}
