// Which computes may start: as many as the memory for computes holds, and as many of one project as its limit says. What does not fit into the
// memory waits in the order in which it came, until something sleeps or its time is up; what is beyond the limit of its project is told so at once.
import type { Clock } from '../../base/clock.ts'
import { startDeadline } from '../../base/deadline.ts'
import { LakeletError } from '../../base/errors.ts'
import { untilAborted } from '../../base/until-aborted.ts'

/** What a compute takes at its start, before it is measured: its processes and the shared memory that they touch. */
const START_BYTES = 96_000_000
/** Between two looks at whether what waits fits by now: computes shrink too. */
const LOOK_EVERY_MS = 500
const MEGABYTE = 1_000_000

export interface AdmissionLimits {
  /** Memory for all computes together. Bytes. */
  readonly memoryBytes: number
  /** Computes of one project that may be awake at once, those of its default branch not counted. */
  readonly activePerProject: number
  /** How long a start may wait for memory. */
  readonly waitMs: number
}

/** Who wants to start. */
export interface Candidate {
  /** The project whose limit it counts to; undefined where it counts to none. */
  readonly project: string | undefined
  /** What it takes now; undefined until it is measured. Bytes. */
  readonly memoryBytes: () => number | undefined
}

export interface AdmissionStatus {
  readonly awake: number
  readonly waiting: number
  /** What those that are awake take, each at least as much as a start. Bytes. */
  readonly usedBytes: number
  readonly memoryBytes: number
}

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #awake = new Set<Candidate>()
  /** In the order in which they came. */
  readonly #waiting: Candidate[] = []

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get status(): AdmissionStatus {
    const { memoryBytes } = this.#limits
    const [awake, waiting] = [this.#awake.size, this.#waiting.length]
    return { awake, waiting, usedBytes: this.#usedBytes(), memoryBytes }
  }

  /**
   * Resolves when `candidate` may start; what it gives is disposed of when its server has ended. Throws `active_computes_limit`,
   * `compute_no_memory`, or the reason of `signal`.
   */
  async enter(candidate: Candidate, signal: AbortSignal): Promise<Disposable> {
    this.#requireProjectHasRoom(candidate)
    if (this.#waiting.length > 0 || !this.#fits()) await this.#wait(candidate, signal)
    this.#awake.add(candidate)
    return { [Symbol.dispose]: () => void this.#awake.delete(candidate) }
  }

  /** One that was awake before it was asked about. */
  enterAnyway(candidate: Candidate): Disposable {
    this.#awake.add(candidate)
    return { [Symbol.dispose]: () => void this.#awake.delete(candidate) }
  }

  async #wait(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { waitMs } = this.#limits
    using deadline = startDeadline(this.#clock, waitMs, this.#noMemory(), signal)
    this.#waiting.push(candidate)
    try {
      while (this.#waiting[0] !== candidate || !this.#fits())
        await untilAborted(this.#clock.sleep(LOOK_EVERY_MS, deadline.signal), deadline.signal)
    } catch (error) {
      throw deadline.signal.aborted ? deadline.signal.reason : error
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(candidate), 1)
    }
    // Another one of its project may have come first.
    this.#requireProjectHasRoom(candidate)
  }

  #requireProjectHasRoom({ project }: Candidate): void {
    if (project === undefined) return
    const { activePerProject: limit } = this.#limits
    const active = [...this.#awake].filter((each) => each.project === project).length
    if (active >= limit) throw new LakeletError('active_computes_limit', { limit })
  }

  /** The first always fits: a machine may be smaller than what is counted for a start. */
  #fits(): boolean {
    return this.#awake.size === 0 || this.#usedBytes() + START_BYTES <= this.#limits.memoryBytes
  }

  #usedBytes(): number {
    return [...this.#awake].reduce((sum, each) => sum + Math.max(START_BYTES, each.memoryBytes() ?? 0), 0)
  }

  #noMemory(): LakeletError {
    const { memoryBytes, waitMs } = this.#limits
    return new LakeletError('compute_no_memory', {
      awake: this.#awake.size,
      used: Math.round(this.#usedBytes() / MEGABYTE),
      memory: Math.round(memoryBytes / MEGABYTE),
      seconds: waitMs / 1000,
    })
  }
}
