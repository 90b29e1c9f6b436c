// The past of all computes: what they were measured to do, when they slept, and what was decided about their size. Measurements are gathered for
// ten seconds and stored together; where every compute sleeps, nothing is gathered and nothing is written.
import type { Clock } from '../../base/clock.ts'
import { isDiskFull } from '../../base/disk-full.ts'
import type { Logger } from '../../base/log.ts'
import type { ExecutedStatement, Measurement, RecordedState, SizeDecision } from '../ports.ts'
import { mergeSamples, type Sample } from './fields.ts'
import { floorTo, KEPT_SECONDS, levelFor, LEVELS, usualStep } from './levels.ts'
import { type Series, seriesOf } from './series.ts'
import { type Event, type EventTable, TelemetryStore } from './telemetry-store.ts'
import { openTelemetryFile } from './telemetry-file.ts'
import { toSample } from './to-sample.ts'

const WRITE_EVERY_MS = 10_000
const [{ step: FINEST }] = LEVELS as [(typeof LEVELS)[0]]

export interface ComputeHistoryOptions {
  readonly file: string
  readonly clock: Clock
  readonly log: Logger
  /** Whether anything is kept of an endpoint: nothing is of those that are there for a moment only. */
  readonly isKept: (uid: string) => boolean
}

/** Seconds since 1970. */
export interface Period {
  readonly from: number
  readonly to: number
  /** As fine as fits the period where left out. */
  readonly step?: number
}

export interface PastOfCompute {
  readonly series: Series
  /** Since when it was in which state, in milliseconds; the first is what it was in when the period began. */
  readonly states: readonly { readonly at: number; readonly state: RecordedState }[]
  /** Decisions that changed its size, as they were told. */
  readonly decisions: readonly SizeDecision[]
  /** Statements that took the most time, of whole hours or days. */
  readonly statements: readonly ExecutedStatement[]
}

/** What was gathered and not stored yet. */
interface Gathered {
  /** The second at which its row begins. */
  at: number
  sample: Sample
}

/** Opens the file and begins to write. */
export function startComputeHistory(options: ComputeHistoryOptions): ComputeHistory {
  return new ComputeHistory(options)
}

export class ComputeHistory implements AsyncDisposable {
  readonly #options: ComputeHistoryOptions
  readonly #sqlite: ReturnType<typeof openTelemetryFile>
  readonly #store: TelemetryStore
  readonly #gathered = new Map<string, Gathered[]>()
  readonly #ending = new AbortController()
  readonly #loop: Promise<void>
  #failing = false

  constructor(options: ComputeHistoryOptions) {
    this.#options = options
    this.#sqlite = openTelemetryFile(options.file, options.log)
    this.#store = new TelemetryStore(this.#sqlite)
    this.#try(() => this.#closeStates())
    this.#loop = this.#write()
  }

  measured(uid: string, measurement: Measurement): void {
    if (!this.#options.isKept(uid)) return
    const at = floorTo(FINEST, measurement.at.getTime() / 1000)
    const rows = this.#gathered.get(uid) ?? []
    this.#gathered.set(uid, rows)
    const last = rows.at(-1)
    const sample = toSample(measurement)
    if (last?.at === at) last.sample = mergeSamples(last.sample, sample)
    else rows.push({ at, sample })
  }

  /** Statements that took the most time until `at`. */
  executed(uid: string, at: Date, statements: readonly ExecutedStatement[]): void {
    if (!this.#options.isKept(uid)) return
    this.#try(() =>
      this.#store.transaction(() =>
        this.#store.addStatements(uid, Math.floor(at.getTime() / 1000), statements),
      ),
    )
  }

  /** Keeps the decisions that changed something. */
  decided(uid: string, record: SizeDecision): void {
    if (record.targetCu !== record.inputs.currentCu)
      this.#event('decisions', uid, { at: record.at.getTime(), text: JSON.stringify(record) })
  }

  stateChanged(uid: string, state: RecordedState, at: Date): void {
    this.#event('states', uid, { at: at.getTime(), text: state })
  }

  /** What is stored of a period, with what was measured a moment ago. */
  read(uid: string, period: Period): PastOfCompute {
    this.#flush()
    const { from, to } = period
    const now = this.#options.clock.now().getTime() / 1000
    const wanted = period.step ?? usualStep(to - from)
    const level = levelFor(from, now, wanted)
    // No finer than what is kept, and whole rows of it.
    const unit = LEVELS[level]?.step ?? FINEST
    const step = Math.ceil(wanted / unit) * unit
    const rows = this.#store.samples(uid, level, floorTo(step, from), to)
    const events = (table: EventTable) => this.#store.events(table, uid, from * 1000, to * 1000)
    return {
      series: seriesOf(rows, { from, to, step }),
      states: events('states').map(({ at, text }) => ({ at, state: text as RecordedState })),
      decisions: events('decisions')
        .filter(({ at }) => at >= from * 1000)
        .map(({ text }) => reviveDecision(text)),
      statements: this.#store.mostStatements(uid, { from, to, now }),
    }
  }

  /** Forgets every endpoint but those of `uids`, and what is older than a month. */
  keepOnly(uids: ReadonlySet<string>): void {
    this.#try(() => {
      this.#store.transaction(() => {
        for (const uid of this.#store.uids) if (!uids.has(uid)) this.#store.forget(uid)
        this.#store.prune(Math.floor(this.#options.clock.now().getTime() / 1000))
      })
      this.#store.giveBack()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#loop
    this.#flush()
    this.#sqlite.close()
  }

  async #write(): Promise<void> {
    const { clock } = this.#options
    while (!this.#ending.signal.aborted) {
      await clock.sleep(WRITE_EVERY_MS, this.#ending.signal).catch(() => undefined)
      this.#flush()
    }
  }

  #flush(): void {
    if (this.#gathered.size === 0) return
    const gathered = [...this.#gathered]
    this.#gathered.clear()
    this.#try(() =>
      this.#store.transaction(() => {
        for (const [uid, rows] of gathered)
          for (const { at, sample } of rows) this.#store.add(uid, at, sample)
      }),
    )
  }

  #event(table: EventTable, uid: string, event: Event): void {
    if (this.#options.isKept(uid))
      this.#try(() => this.#store.transaction(() => this.#store.addEvent(table, uid, event)))
  }

  /** Of a run that was killed: from the last that is known of it on, nobody knows. */
  #closeStates(): void {
    const now = this.#options.clock.now().getTime()
    const from = now - KEPT_SECONDS * 1000
    this.#store.transaction(() => {
      for (const uid of this.#store.uids) {
        const last = this.#store.events('states', uid, from, now).at(-1)
        if (!last || ['idle', 'failed', 'unwatched'].includes(last.text)) continue
        const measuredUntil = ((this.#store.lastSampleAt(uid) ?? 0) + FINEST) * 1000
        const at = Math.min(Math.max(measuredUntil, last.at + 1), now)
        this.#store.addEvent('states', uid, { at, text: 'unwatched' })
      }
    })
  }

  /** What cannot be stored is left out: no compute fails, and none is slower, for what is measured of it. Said once, until it works again. */
  #try(work: () => void): void {
    try {
      work()
      this.#failing = false
    } catch (error) {
      if (!this.#failing && !isDiskFull(error))
        this.#options.log.warn({ err: error }, 'what was measured of computes could not be stored')
      this.#failing = true
    }
  }
}

function reviveDecision(text: string): SizeDecision {
  const { at, ...record } = JSON.parse(text) as SizeDecision & { readonly at: unknown }
  return { ...record, at: new Date(String(at)) }
}
