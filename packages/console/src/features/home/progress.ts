// Steps of the tutorial that only this browser can know, and those that were ticked by hand.

const KEY = 'lakelet.tutorial'

export function markedSteps(): ReadonlySet<string> {
  return new Set((localStorage.getItem(KEY) ?? '').split(' ').filter((step) => step !== ''))
}

/** Remembers that a step was done. */
export function markDone(step: string): void {
  localStorage.setItem(KEY, [...new Set([...markedSteps(), step])].join(' '))
}
