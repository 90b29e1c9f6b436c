// A period of the past of one compute as columns: a point for each step, null where it slept or nobody measured it.
import {
  FIELD_NAMES,
  type FieldName,
  mergeSamples,
  NOTHING,
  type Sample,
  valueOf,
  type Waits,
} from './fields.ts'
import { floorTo } from './levels.ts'
import type { SampleRow } from './telemetry-store.ts'

export interface Series {
  /** Seconds between two points. */
  readonly step: number
  /** Seconds since 1970 at which each point begins. */
  readonly at: readonly number[]
  readonly columns: Readonly<Record<FieldName, readonly (number | null)[]>>
  /** Of the whole period: how often a session that did something was seen to wait for what. */
  readonly waits: Waits
}

export function seriesOf(
  rows: readonly SampleRow[],
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): Series {
  const points = new Map<number, Sample>()
  for (const { at, sample } of rows) {
    const start = floorTo(step, at)
    points.set(start, mergeSamples(points.get(start) ?? NOTHING, sample))
  }
  const at: number[] = []
  for (let start = floorTo(step, from); start < to; start += step) at.push(start)
  const columns = Object.fromEntries(
    FIELD_NAMES.map((name) => [name, at.map((start) => valueAt(points.get(start), name))]),
  ) as Record<FieldName, (number | null)[]>
  const whole = [...points.values()].reduce(mergeSamples, NOTHING)
  return { step, at, columns, waits: whole.waits }
}

function valueAt(sample: Sample | undefined, name: FieldName): number | null {
  return (sample && valueOf(sample, name)) ?? null
}
