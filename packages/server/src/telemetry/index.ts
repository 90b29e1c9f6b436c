// The face of this room: what other rooms may import.
export { FIELD_NAMES, type FieldName, FIELDS, type TelemetryTable } from './history/fields.ts'
export { KEPT_SECONDS } from './history/levels.ts'
export { exportMetrics } from './otlp/export-metrics.ts'
export { WorkspaceMetrics } from './metrics/workspace-metrics.ts'
export type { MetricsSource } from './ports.ts'
export { type ComputeHistory, startComputeHistory } from './history/compute-history.ts'
