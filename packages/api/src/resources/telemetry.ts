import { z } from 'zod'
import { scalingDecision } from './endpoint.ts'
import { timestamp } from './fields.ts'

/** One value a point; null where the compute slept, or nobody measured it. */
const column = z.array(z.number().nullable())

/** Lakelet's own: what the compute of an endpoint did in a period, under the names of the service's telemetry tables. */
export const endpointTelemetry = z.object({
  project_id: z.string(),
  branch_id: z.string(),
  endpoint_id: z.string(),
  compute_id: z.string(),
  compute_mode: z.enum(['READ_WRITE', 'READ_ONLY']),
  start_time: timestamp,
  end_time: timestamp,
  /** Between two points. Never finer than what is kept of the period. */
  step_seconds: z.int(),
  /** How long anything is kept. */
  kept_seconds: z.int(),
  /** Seconds since 1970 at which each point begins. */
  ts: z.array(z.int()),
  compute_gauges: z.object({
    size_cu: column,
    /** CPUs that were busy with it: as a mean, and in the busiest five seconds. */
    cpus: column,
    cpus_max: column,
    /** Processes that ran, or waited for a CPU or a disk. */
    load: column,
    memory_bytes: column,
    memory_bytes_max: column,
  }),
  /** Counters are of the step. */
  compute_counters: z.object({ cpu_seconds: column, awake_seconds: column }),
  database_gauges: z.object({
    connections_active: column,
    connections_idle: column,
    connections_idle_in_transaction: column,
    connections_max: column,
    database_size_bytes: column,
  }),
  /** As in pg_stat_database, of all databases of the branch together. */
  database_counters: z.object({
    xact_commit: column,
    xact_rollback: column,
    blks_read: column,
    blks_hit: column,
    tup_returned: column,
    tup_fetched: column,
    tup_inserted: column,
    tup_updated: column,
    tup_deleted: column,
    temp_bytes: column,
    deadlocks: column,
  }),
  /** How often a session that did something was seen to wait for what, in looks five seconds apart; the most frequent first. */
  wait_event_counters: z.array(
    z.object({
      /** `CPU` for one that waited for nothing. */
      wait_event_type: z.string(),
      wait_event: z.string().optional(),
      count: z.int(),
    }),
  ),
  /** Statements that took the most time, of the whole hours (of the last day) or days that the period touches; the longest first. */
  pg_stat_statements_counters: z.array(
    z.object({
      statement_id: z.string(),
      role: z.string(),
      database: z.string(),
      /**
       * Its beginning, without the values: for who manages the project, and of one's own statements. Absent for others, and where it may hold
       * a password.
       */
      query: z.string().optional(),
      calls: z.number(),
      total_exec_ms: z.number(),
      rows: z.number(),
      shared_blks_hit: z.number(),
      shared_blks_read: z.number(),
    }),
  ),
  /** Since when it was in which state; the first is the one in which the period began. `unwatched`: the workspace did not run. */
  states: z.array(
    z.object({
      time: timestamp,
      state: z.enum(['idle', 'starting', 'active', 'stopping', 'failed', 'unwatched']),
    }),
  ),
  /** Decisions that changed its size, with all they were made from. */
  decisions: z.array(scalingDecision),
})

export type EndpointTelemetry = z.output<typeof endpointTelemetry>
