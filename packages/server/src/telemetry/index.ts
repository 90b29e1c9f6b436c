// The face of this room: what other rooms may import.
export { FIELD_NAMES, type FieldName, FIELDS, type TelemetryTable } from './history/fields.ts'
export { KEPT_SECONDS } from './history/levels.ts'
export { type ComputeHistory, startComputeHistory } from './history/compute-history.ts'
