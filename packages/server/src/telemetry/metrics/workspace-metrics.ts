// What a workspace does, as numbers that a monitoring system reads: counted as it happens, and asked for at each look.
import { Counter, Gauge, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client'
import type { MetricsSource } from '../ports.ts'
import { ComputeMetrics } from './compute-metrics.ts'
import { GatewayMetrics } from './gateway-metrics.ts'

/** A metric as it is now. */
export type MetricNow = MetricObjectWithValues<MetricValue<string>>

export class WorkspaceMetrics {
  readonly gateway: GatewayMetrics
  readonly computes: ComputeMetrics
  readonly #registry = new Registry()
  readonly #info: Gauge
  readonly #operations: Gauge
  readonly #apps: Gauge
  readonly #lag: Gauge
  readonly #problem: Gauge
  readonly #objects: { readonly bytes: Gauge; readonly seconds: Gauge; readonly problem: Gauge }
  readonly #memory: Gauge
  readonly #cpu: Counter
  readonly #started: Gauge

  constructor() {
    const registers = [this.#registry]
    this.gateway = new GatewayMetrics(this.#registry)
    this.computes = new ComputeMetrics(this.#registry)
    const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers })
    this.#info = gauge('lakelet_info', 'The workspace, always 1', ['version', 'workspace_id'])
    this.#operations = gauge('lakelet_operations', 'Operations of the last seven days by kind and state', [
      'kind',
      'state',
    ])
    this.#apps = gauge('lakelet_apps', 'Apps by state', ['state'])
    const names = ['project', 'branch', 'endpoint']
    this.#lag = gauge(
      'lakelet_archive_lag_bytes',
      'Log that an awake compute has completed and that is not in the archive',
      names,
    )
    this.#problem = gauge(
      'lakelet_archive_problem_seconds',
      'For how long the log of an awake compute cannot be archived; 0 where it can',
      names,
    )
    this.#objects = {
      bytes: gauge('lakelet_object_archive_lag_bytes', 'What is complete and not in the object store'),
      seconds: gauge('lakelet_object_archive_lag_seconds', 'For how long the oldest of it waits'),
      problem: gauge(
        'lakelet_object_archive_problem_seconds',
        'For how long the object store cannot be used; 0 where it can',
      ),
    }
    this.#memory = gauge('process_resident_memory_bytes', 'Memory of the workspace itself')
    this.#cpu = new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Time of the workspace itself on CPUs',
      registers,
    })
    this.#started = gauge('process_start_time_seconds', 'When the workspace began, in seconds since 1970')
  }

  /** In the text format of Prometheus. */
  async text(source: MetricsSource): Promise<string> {
    await this.#collect(source)
    return this.#registry.metrics()
  }

  async values(source: MetricsSource): Promise<readonly MetricNow[]> {
    await this.#collect(source)
    return this.#registry.getMetricsAsJSON()
  }

  async #collect(source: MetricsSource): Promise<void> {
    const [endpoints, operations, apps] = await Promise.all([
      source.endpoints(),
      source.operations(),
      source.apps(),
    ])
    this.computes.collect(endpoints)
    this.#info.set({ version: source.version, workspace_id: source.workspaceId }, 1)
    this.#operations.reset()
    for (const { kind, state, count } of operations) this.#operations.set({ kind, state }, count)
    this.#apps.reset()
    for (const { state, count } of apps) this.#apps.set({ state }, count)
    await this.#collectLag(source, endpoints)
    const objects = source.objectArchive()
    if (objects) {
      this.#objects.bytes.set(objects.waitingBytes)
      this.#objects.seconds.set(objects.waitingSeconds)
      this.#objects.problem.set(objects.problemSeconds)
    }
    const { user, system } = process.cpuUsage()
    this.#cpu.reset()
    this.#cpu.inc((user + system) / 1e6)
    this.#memory.set(process.memoryUsage.rss())
    this.#started.set(Date.now() / 1000 - process.uptime())
  }

  async #collectLag(
    source: MetricsSource,
    endpoints: Awaited<ReturnType<MetricsSource['endpoints']>>,
  ): Promise<void> {
    this.#lag.reset()
    this.#problem.reset()
    for (const { uid, project, branch, endpoint } of endpoints) {
      const lag = await source.archiveLag(uid)
      if (!lag) continue
      this.#lag.set({ project, branch, endpoint }, lag.bytes)
      this.#problem.set({ project, branch, endpoint }, lag.problemSeconds)
    }
  }
}
