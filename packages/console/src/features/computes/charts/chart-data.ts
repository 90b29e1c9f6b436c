// What each chart shows of the telemetry of a compute.
import type { EndpointTelemetry } from '@lakelet/api'
import { formatBytes, formatNumber } from '../../../text/format.ts'
import { t } from '../../../text/index.ts'

export type Values = readonly (number | null)[]

export interface Line {
  readonly label: string
  readonly values: Values
  /** The token of its colour. */
  readonly color: 'accent' | 'pending' | 'warning' | 'idle' | 'danger'
  /** Lines are told apart by more than colour. */
  readonly dash?: readonly number[]
  /** What the others may reach, not something that was measured. */
  readonly isLimit?: boolean
}

export interface ChartData {
  readonly key: string
  readonly title: string
  readonly lines: readonly Line[]
  readonly format: (value: number) => string
  /** The least that the axis reaches up to. */
  readonly top?: number
  /** Its axis counts in powers of two. */
  readonly isBytes?: boolean
}

const DASHED = [6, 4]
const DOTTED = [2, 3]

export function chartsOf(telemetry: EndpointTelemetry): ChartData[] {
  const { compute_gauges: gauges, database_gauges: sessions } = telemetry
  const texts = t.charts
  return [
    {
      key: 'cpu',
      title: texts.cpu,
      format: (value) => formatNumber(value, 2),
      top: 1,
      lines: [
        { label: texts.cpus, values: gauges.cpus, color: 'accent' },
        { label: texts.cpusMost, values: gauges.cpus_max, color: 'warning', dash: DOTTED },
        { label: texts.size, values: gauges.size_cu, color: 'pending', dash: DASHED, isLimit: true },
      ],
    },
    {
      key: 'memory',
      title: texts.memory,
      format: formatBytes,
      isBytes: true,
      lines: [
        { label: texts.mean, values: gauges.memory_bytes, color: 'accent' },
        { label: texts.most, values: gauges.memory_bytes_max, color: 'warning', dash: DOTTED },
      ],
    },
    {
      key: 'connections',
      title: texts.connections,
      format: (value) => formatNumber(value, 1),
      top: 4,
      lines: [
        { label: texts.active, values: sessions.connections_active, color: 'accent' },
        { label: texts.idle, values: sessions.connections_idle, color: 'idle', dash: DASHED },
        {
          label: texts.inTransaction,
          values: sessions.connections_idle_in_transaction,
          color: 'danger',
          dash: DOTTED,
        },
      ],
    },
    ...databaseCharts(telemetry),
  ]
}

function databaseCharts(telemetry: EndpointTelemetry): ChartData[] {
  const { database_counters: counters, database_gauges: sessions } = telemetry
  const texts = t.charts
  const perSecond = (values: Values) => ratesOf(values, telemetry.compute_counters.awake_seconds)
  const rate = (value: number) => formatNumber(value, value < 10 ? 1 : 0)
  return [
    {
      key: 'rows',
      title: texts.rows,
      format: rate,
      top: 1,
      lines: [
        { label: texts.read, values: perSecond(counters.tup_fetched), color: 'accent' },
        { label: texts.inserted, values: perSecond(counters.tup_inserted), color: 'pending', dash: DASHED },
        { label: texts.updated, values: perSecond(counters.tup_updated), color: 'warning', dash: DOTTED },
        {
          label: texts.deleted,
          values: perSecond(counters.tup_deleted),
          color: 'danger',
          dash: [8, 2, 2, 2],
        },
      ],
    },
    {
      key: 'cache',
      title: texts.cache,
      format: (value) => `${formatNumber(value, 1)} %`,
      top: 100,
      lines: [
        { label: texts.hits, values: sharesOf(counters.blks_hit, counters.blks_read), color: 'accent' },
      ],
    },
    {
      key: 'size',
      title: texts.databaseSize,
      format: formatBytes,
      isBytes: true,
      lines: [{ label: texts.databaseSize, values: sessions.database_size_bytes, color: 'accent' }],
    },
  ]
}

function ratesOf(counted: Values, seconds: Values): Values {
  return counted.map((value, at) => {
    const awake = seconds[at]
    return value === null || !awake ? null : value / awake
  })
}

/** In percent; null where nothing was asked for. */
function sharesOf(hits: Values, reads: Values): Values {
  return hits.map((hit, at) => {
    const all = (hit ?? 0) + (reads[at] ?? 0)
    return hit === null || all === 0 ? null : (hit / all) * 100
  })
}
