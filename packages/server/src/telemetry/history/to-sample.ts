import type { Measurement } from '../ports.ts'
import { FIELD_NAMES, type FieldName, mostFrequent, type Sample } from './fields.ts'

/** A measurement as a sample of one. */
export function toSample(measured: Measurement): Sample {
  const { seconds, sizeCu, host, cpuSeconds, databases } = measured
  return {
    hostCount: 1,
    databaseCount: databases ? 1 : 0,
    waits: mostFrequent(databases?.waits ?? {}),
    values: {
      size_cu: sizeCu,
      awake_seconds: seconds,
      ...(host
        ? { load: host.load, memory_bytes: host.memoryBytes, memory_bytes_max: host.mostMemoryBytes }
        : {}),
      ...(cpuSeconds === undefined
        ? {}
        : { cpu_seconds: cpuSeconds, cpus_max: seconds > 0 ? cpuSeconds / seconds : 0 }),
      ...(databases ? valuesOf(databases) : {}),
    },
  }
}

function valuesOf(databases: NonNullable<Measurement['databases']>): Partial<Record<FieldName, number>> {
  const { connections, counted, sizeBytes } = databases
  const { active, idle, idleInTransaction } = connections
  const counters = FIELD_NAMES.flatMap((name) => {
    const value = counted[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(counters),
    connections_active: active,
    connections_idle: idle,
    connections_idle_in_transaction: idleInTransaction,
    connections_max: active + idle + idleInTransaction,
    ...(sizeBytes === undefined ? {} : { database_size_bytes: sizeBytes }),
  }
}
