// The size of one compute while it is awake: measured every second, decided every five, and at once where its memory runs short. A compute that
// wakes begins at its smallest size; what it was before its sleep says nothing of what it is needed for now.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { BYTES_PER_CU } from '../../postgres/index.ts'
import type { ComputeServer } from '../compute-server.ts'
import type { RunningServer, ServerUsage } from '../drivers/driver.ts'
import type { EndpointLock } from '../endpoint-lock.ts'
import type { ComputeObserver } from '../ports.ts'
import { ComputeSampler } from '../sampling/compute-sampler.ts'
import { decideSize, type ScalingRecord, type ScalingSignals } from './goal.ts'
import { type Load, LOAD_EVERY_SECONDS, LoadAverage } from './load-average.ts'

const LOOK_EVERY_MS = 1_000
/** Share of its memory beyond which a compute is not left waiting for the next decision. */
const PRESSURE_FRACTION = 0.85
/** How many decisions are kept: all of the last minutes, and those of the last days that changed something. */
const KEPT_LAST = 60
const KEPT_CHANGES = 200

export interface ComputeScalingOptions {
  readonly uid: string
  readonly observer: ComputeObserver | undefined
  readonly endpoint: EndpointLock
  readonly server: ComputeServer
  readonly clock: Clock
  readonly log: Logger
}

export class ComputeScaling {
  readonly #options: ComputeScalingOptions
  readonly #sampler: ComputeSampler
  readonly #last: ScalingRecord[] = []
  readonly #changes: ScalingRecord[] = []
  /** What was measured of `#of` since its last count of load. */
  #of: RunningServer | undefined
  #load = new LoadAverage()
  #counted: Load | undefined
  #usages: ServerUsage[] = []
  #latest: ServerUsage | undefined
  #missed = 0
  #lookedAt = -Infinity
  #isLooking = false

  constructor(options: ComputeScalingOptions) {
    this.#options = options
    this.#sampler = new ComputeSampler(options)
  }

  /** What was decided, the oldest first: changes of the size, then all of the last five minutes. */
  get records(): readonly ScalingRecord[] {
    const [first] = this.#last
    const earlier = this.#changes.filter(({ at }) => !first || at < first.at)
    return [...earlier, ...this.#last]
  }

  /** Of its server, as measured last; undefined where there is none. */
  get memoryBytes(): number | undefined {
    return this.#options.server.live === this.#of ? this.#latest?.memoryBytes : undefined
  }

  /** Its server is about to stop, and nobody uses it any more. Never rejects. */
  async end(live: RunningServer): Promise<void> {
    await this.#sampler.end(live)
  }

  /** Called often; looks once a second at a compute that is awake. */
  async look(): Promise<void> {
    const { server, clock } = this.#options
    const { live } = server
    const now = clock.monotonicMs()
    if (!live || this.#isLooking || now - this.#lookedAt < LOOK_EVERY_MS) return
    this.#lookedAt = now
    this.#isLooking = true
    try {
      if (live !== this.#of) this.#begin(live)
      await this.#measure(live)
    } finally {
      this.#isLooking = false
    }
  }

  #begin(server: RunningServer): void {
    this.#of = server
    this.#load = new LoadAverage()
    this.#counted = undefined
    this.#usages = []
    this.#latest = undefined
    this.#missed = 0
    this.#sampler.begin(server)
  }

  async #measure(live: RunningServer): Promise<void> {
    const usage = await live.usage()
    this.#latest = usage
    if (usage) this.#usages.push(usage)
    else this.#missed += 1
    if (this.#usages.length + this.#missed >= LOAD_EVERY_SECONDS) await this.#decide(live)
    else if (usage && this.#counted && this.#isPressed(usage))
      await this.#resize(live, signalsOf(this.#counted, usage))
  }

  async #decide(live: RunningServer): Promise<void> {
    const usages = this.#usages
    this.#usages = []
    this.#missed = 0
    const latest = usages.at(-1)
    this.#sample(live, usages)
    if (latest) this.#counted = this.#load.count(mean(usages.map(({ runnable }) => runnable)))
    await this.#resize(live, latest && this.#counted ? signalsOf(this.#counted, latest) : undefined)
  }

  /** Not waited for: a Postgres that is slow to answer holds up no decision. */
  #sample(live: RunningServer, usages: readonly ServerUsage[]): void {
    const { server, log } = this.#options
    this.#sampler.take(live, usages, server.sizeCu ?? 0).catch((error: unknown) => {
      log.warn({ err: error }, 'a compute could not be measured')
    })
  }

  #isPressed({ memoryBytes }: ServerUsage): boolean {
    const { sizeCu } = this.#options.server
    return sizeCu !== undefined && memoryBytes >= PRESSURE_FRACTION * sizeCu * BYTES_PER_CU
  }

  async #resize(live: RunningServer, signals: ScalingSignals | undefined): Promise<void> {
    const { endpoint, server, clock, log } = this.#options
    const spec = await endpoint.find()
    const { sizeCu } = server
    if (!spec || sizeCu === undefined || server.live !== live) return
    const { minCu, maxCu } = spec
    const inputs = { currentCu: sizeCu, minCu, maxCu, ...(signals ? { signals } : {}) }
    const decision = decideSize(inputs)
    const record = { at: clock.now(), inputs, ...decision }
    this.#keep(record)
    this.#options.observer?.decided(this.#options.uid, record)
    if (decision.targetCu === sizeCu) return
    // Under the lock of the branch, like all that changes a server.
    await endpoint.run(async () => {
      if (server.live === live) await server.resize(await endpoint.load(), decision.targetCu)
    })
    log.info({ from: sizeCu, to: decision.targetCu, ...record }, 'compute changed its size')
  }

  #keep(record: ScalingRecord): void {
    this.#last.push(record)
    if (this.#last.length > KEPT_LAST) this.#last.shift()
    if (record.targetCu === record.inputs.currentCu) return
    this.#changes.push(record)
    if (this.#changes.length > KEPT_CHANGES) this.#changes.shift()
  }
}

function signalsOf(load: Load, { memoryBytes, cache }: ServerUsage): ScalingSignals {
  return { load, memoryBytes, ...(cache ? { cache } : {}) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
