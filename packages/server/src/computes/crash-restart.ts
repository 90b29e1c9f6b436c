// When a server that has ended by itself is started again, if nobody who needs it comes before: after a second, each time twice as long, and
// a few times only. One that has lived for a while begins anew.

const FIRST_MS = 1_000
const LONGEST_MS = 60_000
/** After so many in a row only somebody who needs it starts it. */
const MOST = 6
/** Who lives for this long is well. */
const WELL_MS = 60_000

export class CrashRestart {
  #tries = 0
  #dueMs: number | undefined
  #startedMs = 0

  /** The server has ended by itself. */
  crashed(nowMs: number): void {
    if (nowMs - this.#startedMs >= WELL_MS) this.#tries = 0
    this.#plan(nowMs)
  }

  /** A start has failed: a restart goes on to be tried, where there was a crash. */
  failed(nowMs: number): void {
    if (this.#tries > 0) this.#plan(nowMs)
  }

  started(nowMs: number): void {
    this.#startedMs = nowMs
    this.#dueMs = undefined
  }

  /** True when it is time; not again until something has happened. */
  take(nowMs: number): boolean {
    if (this.#dueMs === undefined || nowMs < this.#dueMs) return false
    this.#dueMs = undefined
    return true
  }

  #plan(nowMs: number): void {
    this.#dueMs = this.#tries < MOST ? nowMs + Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries) : undefined
    this.#tries += 1
  }
}
