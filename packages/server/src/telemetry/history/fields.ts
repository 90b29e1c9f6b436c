// What is kept of each compute, under the names of the service's telemetry tables (system.lakebase.*), and how many measurements become one row.

/** The tables whose fields are numbers of the compute or of all of its databases together. */
export type TelemetryTable = 'compute_gauges' | 'compute_counters' | 'database_gauges' | 'database_counters'

/** `mean`: of the measurements, `max`: the largest of them, `last`: the newest, `sum`: what was counted meanwhile. */
type Merge = 'mean' | 'max' | 'last' | 'sum'

interface Field {
  readonly table: TelemetryTable
  readonly merge: Merge
}

const mean = (table: TelemetryTable): Field => ({ table, merge: 'mean' })
const max = (table: TelemetryTable): Field => ({ table, merge: 'max' })
const sum = (table: TelemetryTable): Field => ({ table, merge: 'sum' })

/** Each is a column of the file. New ones are added at the end of their table and of nothing else: columns are found by name. */
export const FIELDS = {
  /** In CU. */
  size_cu: mean('compute_gauges'),
  /** CPUs that were busy with it, at most, of any five seconds. Their mean is `cpu_seconds` by `awake_seconds`. */
  cpus_max: max('compute_gauges'),
  /** Processes that ran, or waited for a CPU or a disk. */
  load: mean('compute_gauges'),
  memory_bytes: mean('compute_gauges'),
  memory_bytes_max: max('compute_gauges'),
  cpu_seconds: sum('compute_counters'),
  /** For how long it was measured: less than the step where it slept or began. */
  awake_seconds: sum('compute_counters'),
  connections_active: mean('database_gauges'),
  connections_idle: mean('database_gauges'),
  connections_idle_in_transaction: mean('database_gauges'),
  connections_max: max('database_gauges'),
  database_size_bytes: { table: 'database_gauges', merge: 'last' },
  xact_commit: sum('database_counters'),
  xact_rollback: sum('database_counters'),
  blks_read: sum('database_counters'),
  blks_hit: sum('database_counters'),
  tup_returned: sum('database_counters'),
  tup_fetched: sum('database_counters'),
  tup_inserted: sum('database_counters'),
  tup_updated: sum('database_counters'),
  tup_deleted: sum('database_counters'),
  temp_bytes: sum('database_counters'),
  deadlocks: sum('database_counters'),
} as const satisfies Readonly<Record<string, Field>>

export type FieldName = keyof typeof FIELDS

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[]

/** How often a session was seen to wait for what, as `type:event`; `CPU` for those that ran. */
export type Waits = Readonly<Record<string, number>>

/** Of a row only the events that were seen most often are kept. */
export const WAITS_KEPT = 5

/** One measurement of a compute, or many that were merged. */
export interface Sample {
  /** How many measurements of the host, and how many of the databases, are in it. */
  readonly hostCount: number
  readonly databaseCount: number
  /** A `mean` is the sum of the measurements here; whoever reads divides. */
  readonly values: Readonly<Partial<Record<FieldName, number>>>
  readonly waits: Waits
}

export const NOTHING: Sample = { hostCount: 0, databaseCount: 0, values: {}, waits: {} }

/** Both as one; `later` is the newer of them. */
export function mergeSamples(earlier: Sample, later: Sample): Sample {
  const values: Partial<Record<FieldName, number>> = { ...earlier.values }
  for (const name of FIELD_NAMES) {
    const value = later.values[name]
    if (value !== undefined) values[name] = mergeValue(name, values[name], value)
  }
  return {
    hostCount: earlier.hostCount + later.hostCount,
    databaseCount: earlier.databaseCount + later.databaseCount,
    values,
    waits: mergeWaits(earlier.waits, later.waits),
  }
}

function mergeValue(name: FieldName, earlier: number | undefined, later: number): number {
  if (earlier === undefined) return later
  const { merge } = FIELDS[name]
  if (merge === 'last') return later
  return merge === 'max' ? Math.max(earlier, later) : earlier + later
}

function mergeWaits(one: Waits, other: Waits): Waits {
  const counts = new Map(Object.entries(one))
  for (const [event, count] of Object.entries(other)) counts.set(event, (counts.get(event) ?? 0) + count)
  return mostFrequent(Object.fromEntries(counts))
}

/** The events that are kept of these. */
export function mostFrequent(waits: Waits): Waits {
  const most = Object.entries(waits).sort(([, a], [, b]) => b - a)
  return Object.fromEntries(most.slice(0, WAITS_KEPT))
}

/** What a field of a merged sample is; undefined where it was not measured. */
export function valueOf(sample: Sample, name: FieldName): number | undefined {
  const value = sample.values[name]
  const { table, merge } = FIELDS[name]
  if (value === undefined || merge !== 'mean') return value
  const count = table.startsWith('compute') ? sample.hostCount : sample.databaseCount
  return count > 0 ? value / count : undefined
}
