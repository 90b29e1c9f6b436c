// What a compute that is awake is measured to do, for whoever keeps it. It takes up the measurements that its size is decided by, and adds what
// only Postgres knows. One that sleeps is not looked at.
import type { Clock } from '../../base/clock.ts'
import type { RunningServer, ServerUsage } from '../drivers/driver.ts'
import type { ComputeObserver, ComputeSample } from '../ports.ts'
import { StatementSampler } from './statement-sampler.ts'
import { type Counters, countedBetween, type DatabaseState, readDatabaseState } from './database-sample.ts'

/** Between two looks at the size of the databases. */
const SIZE_EVERY_MS = 60_000

export interface ComputeSamplerOptions {
  readonly uid: string
  readonly observer: ComputeObserver | undefined
  readonly clock: Clock
}

export class ComputeSampler {
  readonly #options: ComputeSamplerOptions
  readonly #statements: StatementSampler
  #of: RunningServer | undefined
  #measuredAtMs = 0
  #cpuSeconds = 0
  #totals: Counters | undefined
  #sizedAtMs = -Infinity
  #sizeBytes: number | undefined
  #isTaking = false

  constructor(options: ComputeSamplerOptions) {
    this.#options = options
    this.#statements = new StatementSampler(options)
  }

  /** Counts from here on: a server has begun. */
  begin(live: RunningServer): void {
    if (!this.#options.observer) return
    this.#of = live
    this.#measuredAtMs = this.#options.clock.monotonicMs()
    this.#cpuSeconds = 0
    this.#sizedAtMs = -Infinity
    this.#sizeBytes = undefined
    this.#totals = undefined
    this.#statements.begin(live)
    void this.#databases(live, false).then((databases) => {
      if (this.#of === live) this.#totals ??= databases?.totals
    })
  }

  /** Tells the observer of the time since the last sample. A look that the server is too slow to answer before the next one is left out. */
  async take(live: RunningServer, usages: readonly ServerUsage[], sizeCu: number): Promise<void> {
    const { observer, uid, clock } = this.#options
    if (!observer || this.#of !== live || this.#isTaking) return
    this.#isTaking = true
    try {
      const nowMs = clock.monotonicMs()
      const withSize = nowMs - this.#sizedAtMs >= SIZE_EVERY_MS
      const [cpuSeconds, databases] = await Promise.all([live.cpuSeconds(), this.#databases(live, withSize)])
      if (this.#of !== live) return
      if (databases?.sizeBytes !== undefined) {
        this.#sizedAtMs = nowMs
        this.#sizeBytes = databases.sizeBytes
      }
      this.#statements.take(live)
      observer.measured(uid, this.#sample({ usages, sizeCu, nowMs, cpuSeconds, databases }))
    } finally {
      this.#isTaking = false
    }
  }

  /** The last look, before the server stops; never rejects. */
  async end(live: RunningServer): Promise<void> {
    await this.#statements.end(live)
  }

  #sample(seen: {
    readonly usages: readonly ServerUsage[]
    readonly sizeCu: number
    readonly nowMs: number
    readonly cpuSeconds: number | undefined
    readonly databases: DatabaseState | undefined
  }): ComputeSample {
    const { usages, sizeCu, nowMs, cpuSeconds, databases } = seen
    const seconds = (nowMs - this.#measuredAtMs) / 1000
    this.#measuredAtMs = nowMs
    const at = this.#options.clock.now()
    return {
      at,
      seconds,
      sizeCu,
      ...(usages.length > 0 ? { host: hostOf(usages) } : {}),
      ...(cpuSeconds === undefined ? {} : { cpuSeconds: this.#cpuSince(cpuSeconds) }),
      ...(databases ? { databases: this.#told(databases) } : {}),
    }
  }

  #cpuSince(cpuSeconds: number): number {
    // A process that ends between two looks is counted by its parent a moment later.
    const since = Math.max(0, cpuSeconds - this.#cpuSeconds)
    this.#cpuSeconds = Math.max(this.#cpuSeconds, cpuSeconds)
    return since
  }

  #told({ connections, waits, totals }: DatabaseState): NonNullable<ComputeSample['databases']> {
    const size = this.#sizeBytes === undefined ? {} : { sizeBytes: this.#sizeBytes }
    return { connections, waits, counted: this.#counted(totals), ...size }
  }

  #counted(totals: Counters): Counters {
    const counted = countedBetween(this.#totals ?? totals, totals)
    this.#totals = totals
    return counted
  }

  /** Undefined where the server does not answer: it stops, recovers from a crash, or is frozen. */
  async #databases(live: RunningServer, withSize: boolean): Promise<DatabaseState | undefined> {
    try {
      return await live.catalog.read((admin) => readDatabaseState(admin, withSize))
    } catch {
      return undefined
    }
  }
}

function hostOf(usages: readonly ServerUsage[]): NonNullable<ComputeSample['host']> {
  const mean = (of: (usage: ServerUsage) => number) =>
    usages.reduce((sum, usage) => sum + of(usage), 0) / usages.length
  return {
    load: mean(({ runnable }) => runnable),
    memoryBytes: mean(({ memoryBytes }) => memoryBytes),
    mostMemoryBytes: Math.max(...usages.map(({ memoryBytes }) => memoryBytes)),
  }
}
