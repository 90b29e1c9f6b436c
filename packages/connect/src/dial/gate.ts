// One gate per address. While an endpoint is known to be asleep (or unreachable), one connection attempt at a time, the
// scout, tries it; everybody else waits for its result, so that waking an endpoint costs a handful of dials instead of a
// storm. An address that was not tried for a while sends a scout first too, but the others wait only a moment for it.
import { backoffMs } from '../backoff.ts'
import { untilAborted } from '../clock.ts'
import type { Clock } from '../clock.ts'

const HEAD_START_MS = 250
const FRESH_MS = 30_000

/** What an attempt learned about the address. `other`: nothing, as when the credential was at fault. */
export type Finding = 'awake' | 'asleep' | 'other'

export interface Ticket {
  /** How long the caller waited for somebody else's attempt, in ms. */
  readonly waitedMs: number
  leave(finding: Finding, error?: unknown): void
}

export class Gate {
  #state: 'unknown' | 'awake' | 'asleep' = 'unknown'
  #scout: { readonly done: Promise<void>; readonly finish: () => void } | undefined
  #failures = 0
  #nextAtMs = 0
  #awakeAtMs = 0
  #lastError: unknown

  /** Whether the last attempt found the endpoint asleep or unreachable. */
  get isAsleep(): boolean {
    return this.#state === 'asleep'
  }

  /** What the last failed attempt said; for callers whose time ran out in front of the gate. */
  get lastError(): unknown {
    return this.#state === 'asleep' ? this.#lastError : undefined
  }

  /** Resolves when the caller may make one attempt. Rejects with the signal's reason. */
  async enter(clock: Clock, signal?: AbortSignal): Promise<Ticket> {
    const startedAt = clock.monotonicMs()
    let isOutOfPatience = false
    while (this.#scout && (this.#state === 'asleep' || !isOutOfPatience)) {
      isOutOfPatience = await this.#waitForScout(this.#scout.done, clock, signal)
    }
    const isScout = this.#mustScout(clock) && !this.#scout
    const finish = isScout ? this.#becomeScout() : () => {}
    try {
      if (isScout && this.#state === 'asleep') await this.#pause(clock, signal)
    } catch (error) {
      finish()
      throw error
    }
    return {
      waitedMs: clock.monotonicMs() - startedAt,
      leave: (finding, error) => {
        this.#learn(finding, error, clock)
        finish()
      },
    }
  }

  #mustScout(clock: Clock): boolean {
    return this.#state !== 'awake' || clock.monotonicMs() - this.#awakeAtMs > FRESH_MS
  }

  #becomeScout(): () => void {
    let finish = () => {}
    const done = new Promise<void>((resolve) => {
      finish = resolve
    })
    const scout = { done, finish }
    this.#scout = scout
    return () => {
      if (this.#scout === scout) this.#scout = undefined
      finish()
    }
  }

  /** True when the scout is not back after the head start and nothing says that the endpoint is asleep. */
  async #waitForScout(done: Promise<void>, clock: Clock, signal?: AbortSignal): Promise<boolean> {
    if (this.#state === 'asleep') {
      await untilAborted(done, signal)
      return false
    }
    const late = new AbortController()
    const patience = clock.sleep(HEAD_START_MS, { signal: late.signal }).then(
      () => true,
      () => false,
    )
    try {
      return await untilAborted(Promise.race([done.then(() => false), patience]), signal)
    } finally {
      late.abort()
    }
  }

  async #pause(clock: Clock, signal?: AbortSignal): Promise<void> {
    const left = this.#nextAtMs - clock.monotonicMs()
    if (left > 0) await clock.sleep(left, { signal })
  }

  #learn(finding: Finding, error: unknown, clock: Clock): void {
    if (finding === 'other') return
    if (finding === 'awake') {
      this.#state = 'awake'
      this.#awakeAtMs = clock.monotonicMs()
      this.#failures = 0
      this.#lastError = undefined
      return
    }
    this.#state = 'asleep'
    this.#lastError = error
    this.#failures++
    this.#nextAtMs = clock.monotonicMs() + backoffMs(this.#failures)
  }
}
