// Which places are killed in a run, and in what order.

const DAY_MS = 86_400_000

export interface Sample {
  readonly points: readonly (readonly string[])[]
  /** How to run the same again. */
  readonly again: string
}

/**
 * Of each kind one place before its work, one after it and one of undoing, where it has them; which ones turns with the day, so that all
 * have their turn. `file` is where `npm run soak` finds the test that takes all.
 */
export function sampleOf(kinds: readonly (readonly string[])[], file: string): Sample {
  const turn = Number(process.env['KILL_SAMPLE'] ?? Math.floor(Date.now() / DAY_MS))
  const pick = (places: readonly string[]) => places.slice(turn % places.length).slice(0, 1)
  const points = kinds.map((places) => {
    const undo = places.filter((place) => place.endsWith('.undo'))
    const before = places.filter((place) => place.endsWith('.before'))
    const after = places.filter((place) => !undo.includes(place) && !before.includes(place))
    return [before, after, undo].flatMap(pick)
  })
  return {
    points,
    again: `the same ones again with KILL_SAMPLE=${turn}, all with npm run soak -- ${file}`,
  }
}

/** All places, each followed by one of another kind: always the next of the kind that has most left. */
export function dealt(kinds: readonly (readonly string[])[]): string[] {
  const left = kinds.map((places) => [...places])
  const order: string[] = []
  let last: string[] | undefined
  for (;;) {
    const [next] = left
      .filter((places) => places !== last && places.length > 0)
      .sort((a, b) => b.length - a.length)
    if (!next) return [...order, ...(last ?? [])]
    order.push(...next.splice(0, 1))
    last = next
  }
}
