// The metrics as OpenTelemetry has them. Both mean the same; only their words differ.
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { MetricNow } from '../metrics/workspace-metrics.ts'

type Value = MetricNow['values'][number] & { readonly metricName?: string }

/** When the counting began, and now. */
export interface Span {
  readonly start: HrTime
  readonly end: HrTime
}

export function toOtlp(metric: MetricNow, { start, end }: Span): MetricData {
  const descriptor = {
    name: metric.name,
    description: metric.help,
    unit: unitOf(metric.name),
    valueType: ValueType.DOUBLE,
  }
  const common = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE }
  const values = metric.values as readonly Value[]
  const pointOf = <T>(value: T, attributes: Attributes): DataPoint<T> => ({
    startTime: start,
    endTime: end,
    attributes,
    value,
  })
  // Registries of prom-client name their types in words here, in numbers there.
  const type = String(metric.type)
  if (type === 'histogram') {
    const dataPoints = histogramsOf(values).map(({ attributes, histogram }) => pointOf(histogram, attributes))
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints }
  }
  const dataPoints = values.map(({ value, labels }) => pointOf(value, labels as Attributes))
  if (type === 'counter')
    return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
  return { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
}

/** Prometheus counts each bucket with all below it and has them as values of their own; here they are the counts of one point. */
function histogramsOf(values: readonly Value[]): { attributes: Attributes; histogram: Histogram }[] {
  const groups = Map.groupBy(values, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  return [...groups].map(([key, group]) => {
    const sumUp = (suffix: string) =>
      group.find(({ metricName = '' }) => metricName.endsWith(suffix))?.value ?? 0
    const buckets = group.filter(({ metricName = '' }) => metricName.endsWith('_bucket'))
    const counts = buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0))
    const boundaries = buckets.map(({ labels }) => Number(labels['le'])).filter(Number.isFinite)
    return {
      attributes: JSON.parse(key) as Attributes,
      histogram: { buckets: { boundaries, counts }, sum: sumUp('_sum'), count: sumUp('_count') },
    }
  })
}

function unitOf(name: string): string {
  if (/_bytes(_total)?$/.test(name)) return 'By'
  return /_seconds(_total)?$/.test(name) ? 's' : '1'
}
