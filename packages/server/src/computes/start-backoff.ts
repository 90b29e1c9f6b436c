/** After the second failed start in a row, the answer is kept for a while: 0.5 s, doubled each time, at most 30 s. */
const FIRST_MS = 500
const LONGEST_MS = 30_000

/** Remembers why starts failed, so that clients who try again and again do not start a broken compute each time. */
export class StartBackoff {
  #failures = 0
  #untilMs = 0
  #error: unknown

  get failures(): number {
    return this.#failures
  }

  failed(error: unknown, nowMs: number): void {
    this.#failures += 1
    this.#error = error
    const keptMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#failures - 2))
    this.#untilMs = this.#failures > 1 ? nowMs + keptMs : 0
  }

  succeeded(): void {
    this.#failures = 0
    this.#untilMs = 0
    this.#error = undefined
  }

  /** Throws the last error while it is kept. */
  throwIfKept(nowMs: number): void {
    if (nowMs < this.#untilMs) throw this.#error
  }
}
