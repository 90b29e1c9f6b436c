// Sends the metrics to an OpenTelemetry collector, again and again. Loaded only where somebody wants that.
import type { HrTime } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { MetricNow } from '../metrics/workspace-metrics.ts'
import { toOtlp } from './to-otlp.ts'

export interface OtlpExportOptions {
  /** Where the collector takes metrics, `…/v1/metrics`; the variables of OpenTelemetry say it where left out. */
  readonly url?: string
  readonly everyMs: number
  readonly version: string
  readonly workspaceId: string
  readonly values: () => Promise<readonly MetricNow[]>
  readonly clock: Clock
  readonly log: Logger
}

/** How long a collector may take for the last export when the workspace stops. */
const LAST_EXPORT_MS = 2_000

export function startOtlpExport(options: OtlpExportOptions): AsyncDisposable {
  const { url, everyMs, version, workspaceId, clock, log } = options
  const resource = resourceFromAttributes({
    'service.name': 'lakelet',
    'service.version': version,
    'service.instance.id': workspaceId,
  })
  const start = hrTimeOf(clock.now())
  const producer: MetricProducer = {
    async collect() {
      const span = { start, end: hrTimeOf(clock.now()) }
      const metrics = (await options.values()).map((metric) => toOtlp(metric, span))
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'lakelet', version }, metrics }] },
        errors: [],
      }
    },
  }
  const reader = new PeriodicExportingMetricReader({
    exporter: new LoggedExporter(url === undefined ? {} : { url }, log),
    exportIntervalMillis: everyMs,
    exportTimeoutMillis: Math.min(everyMs, 10_000),
    metricProducers: [producer],
  })
  const provider = new MeterProvider({ resource, readers: [reader] })
  log.info({ url, everyMs }, 'metrics are sent to a collector')
  return {
    [Symbol.asyncDispose]: () =>
      provider.shutdown({ timeoutMillis: LAST_EXPORT_MS }).catch((error: unknown) => {
        log.info({ err: error }, 'the last metrics did not reach the collector')
      }),
  }
}

/** Says once that a collector cannot be reached, and that it can again. */
class LoggedExporter extends OTLPMetricExporter {
  readonly #log: Logger
  #failing = false

  constructor(config: { readonly url?: string }, log: Logger) {
    super(config)
    this.#log = log
  }

  override export(metrics: ResourceMetrics, done: Parameters<OTLPMetricExporter['export']>[1]): void {
    super.export(metrics, (result) => {
      const isFailure = result.error !== undefined
      if (isFailure && !this.#failing)
        this.#log.warn({ err: result.error }, 'the metrics did not reach the collector; it is tried again')
      if (!isFailure && this.#failing) this.#log.info('the metrics reach the collector again')
      this.#failing = isFailure
      done(result)
    })
  }
}

function hrTimeOf(at: Date): HrTime {
  const ms = at.getTime()
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000]
}
