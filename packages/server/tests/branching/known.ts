// What the model knows of one branch, and of one snapshot.
import type { ListedBranch, Moment, PastMoment } from './world.ts'

export interface Known {
  readonly id: string
  /** The branch that it was made from; undefined for the first one, and for those of snapshots. */
  readonly source: Known | undefined
  /** It was made from a snapshot. */
  readonly isBrought: boolean
  rows: readonly number[]
  /** What can be reached, oldest first, beside `first`. */
  moments: readonly Moment[]
  /** Moments that a restore left behind: whoever asks for their time gets what the branch had become by then, or nothing. */
  gone: readonly Gone[]
  /** What it was at its first moment; unknown while the branch has no history of its own yet. */
  first: readonly number[] | undefined
  state: 'live' | 'deleted' | 'purged'
  isProtected: boolean
  /** When it deletes itself, by the clock of the world, and how long it was to live. */
  life: { readonly endMs: number; readonly seconds: number } | undefined
}

export interface Gone {
  readonly time: string
  readonly rows: readonly number[]
  /** Its past begins after that. */
  readonly mayBeRefused: boolean
}

export interface KnownSnapshot {
  readonly id: string
  readonly rows: readonly number[]
  readonly endMs: number | undefined
}

/** A moment that somebody asks for, and what they must find. */
export interface Asked {
  readonly moment: PastMoment
  /** Its time; undefined for the first one that can be reached. */
  readonly at: string | undefined
  readonly rows: readonly number[]
  readonly mayBeRefused: boolean
}

export function newKnown(
  of: Pick<Known, 'id' | 'source' | 'rows' | 'first'> & Partial<Pick<Known, 'isBrought'>>,
): Known {
  return {
    isBrought: false,
    ...of,
    moments: [],
    gone: [],
    state: 'live',
    isProtected: false,
    life: undefined,
  }
}

/** What a branch's past is once it was brought back to a moment of it: what came after belongs to the backup alone. */
export function cutAfter(
  { moments, gone }: Known,
  { at = '', rows }: Asked,
): Pick<Known, 'moments' | 'gone'> {
  const left = moments.filter(({ time }) => time > at)
  return {
    moments: moments.filter(({ time }) => time <= at),
    gone: [
      ...gone.map((each) => (each.time > at ? { ...each, rows } : each)),
      ...left.map(({ time }) => ({ time, rows, mayBeRefused: false })),
    ],
  }
}

/** The same where other files took its place, whose past begins with them. */
export function allGone({ moments, gone }: Known, rows: readonly number[]): readonly Gone[] {
  return [...moments, ...gone].map(({ time }) => ({ time, rows, mayBeRefused: true }))
}

/** What a list says of these. */
export function listOf(live: readonly Known[]): Record<string, ListedBranch> {
  return Object.fromEntries(
    live.map(({ id, source, life }) => [
      id,
      // Of one that is gone for good nothing is said.
      { source: source?.state === 'purged' ? undefined : source?.id, endMs: life?.endMs },
    ]),
  )
}

/** The branches of a list, in words that can be compared. */
export function sorted(branches: Readonly<Record<string, ListedBranch>>): string {
  return JSON.stringify(
    Object.entries(branches)
      .map(([id, { source, endMs }]) => `${id} of ${source} until ${endMs === undefined ? 'ever' : 'an end'}`)
      .sort(),
  )
}

/** A request takes no longer, so its time is known to within that. */
const REQUEST_MS = 300_000

/** Whether the branches delete themselves when they are to; both lists have the same branches. */
export function haveEndsOf(
  there: Readonly<Record<string, ListedBranch>>,
  wanted: Readonly<Record<string, ListedBranch>>,
): boolean {
  return Object.entries(wanted).every(
    ([id, { endMs = 0 }]) => Math.abs((there[id]?.endMs ?? 0) - endMs) < REQUEST_MS,
  )
}
