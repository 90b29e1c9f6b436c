// How many processes of one compute want a CPU, on average. The averages of the kernel are of the whole machine, on which many computes run,
// so each compute has its own, made the way the kernel makes its (kernel/sched/loadavg.c): exponentially, from counts 5 seconds apart.

/** Between two counts that the averages take up, in seconds. */
export const LOAD_EVERY_SECONDS = 5

const DECAY_1 = Math.exp(-LOAD_EVERY_SECONDS / 60)
const DECAY_5 = Math.exp(-LOAD_EVERY_SECONDS / 300)

export interface Load {
  /** The average of about the last minute, and of about the last five. */
  readonly load1: number
  readonly load5: number
  /** The least that ran or waited in each of the last two counts: what stayed that long is no passing peak. */
  readonly sustained: number
}

export class LoadAverage {
  #load1 = 0
  #load5 = 0
  #last = 0
  #sustained = 0

  /** Takes up how many processes ran or waited for a CPU or a disk, as a mean of the last 5 seconds. */
  count(runnable: number): Load {
    this.#load1 = this.#load1 * DECAY_1 + runnable * (1 - DECAY_1)
    this.#load5 = this.#load5 * DECAY_5 + runnable * (1 - DECAY_5)
    this.#sustained = Math.min(this.#last, runnable)
    this.#last = runnable
    return { load1: this.#load1, load5: this.#load5, sustained: this.#sustained }
  }
}
