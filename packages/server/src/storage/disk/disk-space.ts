import { statfsSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'

/** A disk with less room than this is full: Postgres cannot begin the next segment of its log. */
const FULL_BELOW_BYTES = 16 * 1024 * 1024
/** Looked at so often at most, however often it is asked for. */
const LOOK_EVERY_MS = 1_000

/** What keeps something from being as it should be, in words, and since when that is known. */
export interface Problem {
  readonly since: Date
  readonly message: string
}

/** Whether the disk of a directory is full. */
export class DiskSpace {
  readonly #directory: string
  readonly #clock: Clock
  #lookedAt = Number.NEGATIVE_INFINITY
  #problem: Problem | undefined

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  /** Undefined while there is room, and where nobody can tell. */
  problem(): Problem | undefined {
    const now = this.#clock.monotonicMs()
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now
      const free = freeBytes(this.#directory)
      this.#problem = free < FULL_BELOW_BYTES ? this.#full(free) : undefined
    }
    return this.#problem
  }

  #full(free: number): Problem {
    const megabytes = (free / 1e6).toFixed(1)
    return {
      since: this.#problem?.since ?? this.#clock.now(),
      message: `The disk of the data directory is full: ${megabytes} MB are free. What needs room is refused until there is some. Free space on it, or purge branches and delete snapshots.`,
    }
  }
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
