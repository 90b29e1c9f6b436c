// How fine the past is kept: the last hours by ten seconds, a month by hours. Every measurement goes into a row of each level at once, so nothing
// has to be condensed later, and what a kill leaves is complete up to the last write.

export interface Level {
  /** Seconds of one row. */
  readonly step: number
  /** For how many seconds its rows are kept. */
  readonly kept: number
}

const HOUR = 3_600
const DAY = 24 * HOUR

/** The finest first. 4,176 rows for each endpoint at most. */
export const LEVELS: readonly Level[] = [
  { step: 10, kept: 2 * HOUR },
  { step: 60, kept: 26 * HOUR },
  { step: 600, kept: 8 * DAY },
  { step: HOUR, kept: 31 * DAY },
]

/** What is older than this is forgotten, in seconds. */
export const KEPT_SECONDS = 31 * DAY

/** Points that a chart has as a rule. */
const USUAL_POINTS = 360

export function floorTo(step: number, at: number): number {
  return Math.floor(at / step) * step
}

/** The finest level that reaches back to `from` and is no finer than needed for `step`; the coarsest where none reaches so far. Seconds. */
export function levelFor(from: number, now: number, step: number): number {
  const fits = (level: Level) => level.kept >= now - from
  const exact = LEVELS.findLastIndex((level) => fits(level) && level.step <= step)
  if (exact !== -1) return exact
  const finest = LEVELS.findIndex(fits)
  return finest === -1 ? LEVELS.length - 1 : finest
}

/** The step for a period where nobody asks for one: that of a level, or a few of them, so that a chart has about as many points as it can show. */
export function usualStep(seconds: number): number {
  const steps = [10, 60, 300, 600, 1_800, HOUR, 3 * HOUR, 6 * HOUR]
  return steps.find((step) => seconds / step <= USUAL_POINTS) ?? DAY
}
