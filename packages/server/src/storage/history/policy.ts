// When a branch gets a new base, and what of its past is forgotten. The log since the last base decides how long a restore takes, bases
// decide how much room the past takes.
import type { ArchivedFile } from '../archive/store.ts'
import { positionOf } from '../archive/wal-names.ts'
import type { Base } from './bases.ts'

const MEGABYTE = 1024 * 1024
const DAY_MS = 86_400_000

export interface HistoryLimits {
  /** How far back each moment must be reachable, in milliseconds. */
  readonly windowMs: number
  /** Most that the past of a branch may take on disk; the oldest is forgotten first, whatever the window. */
  readonly maxBytes: number
}

/** What the past of a branch takes on disk. What bases share with others is not counted. */
export interface Usage {
  readonly baseBytes: number
  readonly archiveBytes: number
  /** Log in the archive since the last base. */
  readonly sinceBaseBytes: number
}

/** Log after which a base is made where that copies nothing. */
export const BASE_EVERY_BYTES = 256 * MEGABYTE

export function usageOf(bases: readonly Base[], files: readonly ArchivedFile[]): Usage {
  const sum = (each: readonly ArchivedFile[]) => each.reduce((bytes, file) => bytes + file.bytes, 0)
  const last = bases.at(-1)
  const since = last ? files.filter(({ name }) => positionOf(name) >= positionOf(last.firstSegment)) : files
  return {
    baseBytes: bases.filter(({ method }) => method === 'copy').reduce((bytes, base) => bytes + base.bytes, 0),
    archiveBytes: sum(files),
    sinceBaseBytes: sum(since),
  }
}

/**
 * Whether a base is due: there is none; or the log since the last one is as long as half of what a base copies, 256 MB at least; or
 * something was written since and the last one is old: a day where bases share their blocks with the data, a third of the window where
 * they are copies.
 */
export function isBaseDue(
  { bases, sinceBaseBytes }: Usage & { readonly bases: readonly Base[] },
  { windowMs }: HistoryLimits,
  now: Date,
): boolean {
  const last = bases.at(-1)
  if (!last) return true
  const copied = bases.findLast(({ method }) => method !== 'link')?.method === 'copy' ? last.bytes : 0
  if (sinceBaseBytes >= Math.max(BASE_EVERY_BYTES, copied / 2)) return true
  // One from the future is as old as it is far away: the clock was set back, and would make none until then.
  const age = Math.abs(now.getTime() - Date.parse(last.time))
  return sinceBaseBytes > 0 && age >= (copied > 0 ? Math.max(DAY_MS, windowMs / 3) : DAY_MS)
}

/** The oldest base that is kept: the last one from before the window; a later one where the past takes more than it may. */
export function oldestKept(
  bases: readonly Base[],
  files: readonly ArchivedFile[],
  { windowMs, maxBytes }: HistoryLimits,
  now: Date,
): Base | undefined {
  const begin = now.getTime() - windowMs
  const first = Math.max(
    0,
    bases.findLastIndex(({ time }) => Date.parse(time) <= begin),
  )
  for (let index = first; index < bases.length - 1; index += 1) {
    const kept = bases.slice(index)
    const log = files.filter(({ name }) => positionOf(name) >= positionOf(kept[0]?.firstSegment ?? ''))
    const { baseBytes, archiveBytes } = usageOf(kept, log)
    if (baseBytes + archiveBytes <= maxBytes) return bases[index]
  }
  return bases.at(-1)
}
