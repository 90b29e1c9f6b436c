import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Measurement, NamedEndpoint, RecordedState } from '../ports.ts'

const WAKES = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const NAMES = ['project', 'branch', 'endpoint'] as const
const COUNTED = ['xact_commit', 'xact_rollback', 'blks_read', 'blks_hit', 'deadlocks'] as const

/** What was measured of one endpoint: the last measurement, and what was counted since the workspace began. */
interface Known {
  last: Measurement | undefined
  cpuSeconds: number
  readonly counted: Map<string, number>
}

/** What computes do: their changes of state, and what was measured of those that are awake. */
export class ComputeMetrics {
  readonly #wakes: Counter
  readonly #wakeSeconds: Histogram
  readonly #states: Gauge
  readonly #up: Gauge
  readonly #size: Gauge
  readonly #memory: Gauge
  readonly #cpu: Counter
  readonly #connections: Gauge
  readonly #databaseSize: Gauge
  readonly #counters: Counter
  readonly #known = new Map<string, Known>()
  readonly #starting = new Map<string, number>()

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, labels: readonly string[] = []) =>
      new Gauge({ name, help, labelNames: [...NAMES, ...labels], registers: [registry] })
    this.#wakes = new Counter({
      name: 'lakelet_compute_wakes_total',
      help: 'Starts of computes by what became of them',
      labelNames: ['result'],
      registers: [registry],
    })
    this.#wakeSeconds = new Histogram({
      name: 'lakelet_compute_wake_seconds',
      help: 'How long computes took to start',
      buckets: WAKES,
      registers: [registry],
    })
    this.#states = new Gauge({
      name: 'lakelet_endpoints',
      help: 'Endpoints by the state of their computes',
      labelNames: ['state'],
      registers: [registry],
    })
    this.#up = gauge('lakelet_endpoint_up', 'Whether the compute of the endpoint is awake')
    this.#size = gauge('lakelet_endpoint_size_cu', 'Size of an awake compute, in CU')
    this.#memory = gauge('lakelet_endpoint_memory_bytes', 'Memory of its processes')
    const counter = (name: string, help: string, labels: readonly string[] = []) =>
      new Counter({ name, help, labelNames: [...NAMES, ...labels], registers: [registry] })
    this.#cpu = counter('lakelet_endpoint_cpu_seconds_total', 'Time on CPUs since the workspace began')
    this.#connections = gauge(
      'lakelet_endpoint_connections',
      'Sessions of an awake compute by what they do',
      ['state'],
    )
    this.#databaseSize = gauge('lakelet_endpoint_database_bytes', 'Size of its databases')
    this.#counters = counter(
      'lakelet_endpoint_database_events_total',
      'Counters of pg_stat_database since the workspace began',
      ['counter'],
    )
  }

  stateChanged(uid: string, state: RecordedState, at: Date): void {
    const began = this.#starting.get(uid)
    this.#starting.delete(uid)
    if (state === 'starting') this.#starting.set(uid, at.getTime())
    else if (began !== undefined && state === 'active') {
      this.#wakes.inc({ result: 'started' })
      this.#wakeSeconds.observe((at.getTime() - began) / 1000)
    } else if (began !== undefined && state === 'failed') this.#wakes.inc({ result: 'failed' })
    const known = this.#known.get(uid)
    if (known && state !== 'active') known.last = undefined
  }

  measured(uid: string, measurement: Measurement): void {
    const known = this.#known.get(uid) ?? {
      last: undefined,
      cpuSeconds: 0,
      counted: new Map<string, number>(),
    }
    this.#known.set(uid, known)
    known.last = measurement
    known.cpuSeconds += measurement.cpuSeconds ?? 0
    for (const name of COUNTED) {
      const counted = measurement.databases?.counted[name] ?? 0
      known.counted.set(name, (known.counted.get(name) ?? 0) + counted)
    }
  }

  /** Sets what is told of each endpoint that there is; nothing of others stays. */
  collect(endpoints: readonly (NamedEndpoint & { readonly state: RecordedState })[]): void {
    const gauges = [this.#states, this.#up, this.#size, this.#memory, this.#connections, this.#databaseSize]
    for (const gauge of gauges) gauge.reset()
    // What they count is in `#known`.
    for (const counter of [this.#cpu, this.#counters]) counter.reset()
    const uids = new Set(endpoints.map(({ uid }) => uid))
    for (const uid of this.#known.keys()) if (!uids.has(uid)) this.#known.delete(uid)
    for (const each of endpoints) {
      this.#states.inc({ state: each.state })
      const names = { project: each.project, branch: each.branch, endpoint: each.endpoint }
      this.#up.set(names, each.state === 'active' ? 1 : 0)
      const known = this.#known.get(each.uid)
      if (known) this.#tell(names, known)
    }
  }

  #tell(names: Readonly<Record<(typeof NAMES)[number], string>>, { last, cpuSeconds, counted }: Known): void {
    this.#cpu.inc(names, cpuSeconds)
    for (const [counter, value] of counted) this.#counters.inc({ ...names, counter }, value)
    if (!last) return
    this.#size.set(names, last.sizeCu)
    if (last.host) this.#memory.set(names, last.host.memoryBytes)
    const { connections, sizeBytes } = last.databases ?? {}
    if (sizeBytes !== undefined) this.#databaseSize.set(names, sizeBytes)
    if (!connections) return
    this.#connections.set({ ...names, state: 'active' }, connections.active)
    this.#connections.set({ ...names, state: 'idle' }, connections.idle)
    this.#connections.set({ ...names, state: 'idle in transaction' }, connections.idleInTransaction)
  }
}
