// Which places are killed in a run, and in what order.

const DAY_MS = 86_400_000

/** One kill: the place, and what leads there. */
export interface Kill {
  readonly place: string
  readonly scenario: string
}

export interface Sample {
  readonly points: readonly (readonly string[])[]
  /** The number that it was chosen by. */
  readonly turn: number
  /** How to run the same again. */
  readonly again: string
}

/**
 * Of each kind one place: before its work, after it or of undoing, by turns among the kinds; which ones turns with the day, so that all
 * have their turn. `file` is where `npm run soak` finds the test that takes all.
 */
export function sampleOf(kinds: readonly (readonly string[])[], file: string): Sample {
  const turn = Number(process.env['KILL_SAMPLE'] ?? Math.floor(Date.now() / DAY_MS))
  const pick = (places: readonly string[]) => places.slice(turn % places.length).slice(0, 1)
  const points = kinds.map((places, at) => {
    const undo = places.filter((place) => place.endsWith('.undo'))
    const before = places.filter((place) => place.endsWith('.before'))
    const after = places.filter((place) => !undo.includes(place) && !before.includes(place))
    const sorts = [before, after, undo].filter(({ length }) => length > 0)
    return pick(sorts[(turn + at) % sorts.length] ?? [])
  })
  return {
    points,
    turn,
    again: `the same ones again with KILL_SAMPLE=${turn}, all with npm run soak -- ${file}`,
  }
}

/**
 * The places of each kind with what leads there: the name of a scenario begins with the kind of operation that it is about. Of several, one
 * turns with `turn`; without it all are taken.
 */
export function killsOf(
  kinds: readonly (readonly string[])[],
  scenarios: readonly string[],
  turn?: number,
): Kill[][] {
  return kinds.map((places) =>
    places.flatMap((place, index) => {
      const kind = place.slice(0, place.indexOf('.'))
      const names = scenarios.filter((name) => name === kind || name.startsWith(`${kind} `))
      const chosen = turn === undefined ? names : names.slice((turn + index) % names.length).slice(0, 1)
      return chosen.map((scenario) => ({ place, scenario }))
    }),
  )
}

/** All places, each followed by one of another kind: always the next of the kind that has most left. */
export function dealt<T>(kinds: readonly (readonly T[])[]): T[] {
  const left = kinds.map((places) => [...places])
  const order: T[] = []
  let last: T[] | undefined
  for (;;) {
    const [next] = left
      .filter((places) => places !== last && places.length > 0)
      .sort((a, b) => b.length - a.length)
    if (!next) return [...order, ...(last ?? [])]
    order.push(...next.splice(0, 1))
    last = next
  }
}
