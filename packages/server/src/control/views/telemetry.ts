import type { EndpointTelemetry } from '@lakelet/api'
import type { ScalingRecord } from '../../computes/index.ts'
import { type ComputeHistory, KEPT_SECONDS } from '../../telemetry/index.ts'
import type { BranchRows } from '../rules/resolve.ts'
import type { EndpointRow } from '../../metadata/endpoints.ts'
import { viewDecision } from './scaling.ts'

type Past = ReturnType<ComputeHistory['read']>

/** What a compute did in a period, under the names of the service's telemetry tables. */
export function viewTelemetry(
  { project, branch, endpoint }: BranchRows & { readonly endpoint: EndpointRow },
  { from, to }: { readonly from: number; readonly to: number },
  { series, states, decisions, statements }: Past,
  seesQueries: (role: string) => boolean,
): EndpointTelemetry {
  return {
    project_id: project.project_id,
    branch_id: branch.branch_id,
    endpoint_id: endpoint.endpoint_id,
    compute_id: 'primary',
    compute_mode: endpoint.type === 'ENDPOINT_TYPE_READ_ONLY' ? 'READ_ONLY' : 'READ_WRITE',
    start_time: timeOf(from * 1000),
    end_time: timeOf(to * 1000),
    step_seconds: series.step,
    kept_seconds: KEPT_SECONDS,
    ts: [...series.at],
    ...tablesOf(series),
    wait_event_counters: waitsOf(series.waits),
    pg_stat_statements_counters: statements.map((statement) => viewStatement(statement, seesQueries)),
    states: states.map(({ at, state }) => ({ time: timeOf(at), state })),
    // They were told as such, and are kept as they were.
    decisions: decisions.map((decision) => viewDecision(decision as ScalingRecord)),
  }
}

function viewStatement(
  { id, role, database, text, calls, ms, rows, hit, read }: Past['statements'][number],
  seesQueries: (role: string) => boolean,
): EndpointTelemetry['pg_stat_statements_counters'][number] {
  return {
    statement_id: id,
    role,
    database,
    ...(text !== undefined && seesQueries(role) ? { query: text } : {}),
    calls,
    total_exec_ms: ms,
    rows,
    shared_blks_hit: hit,
    shared_blks_read: read,
  }
}

function tablesOf({ columns }: Past['series']) {
  const of = <const Name extends keyof typeof columns>(...names: Name[]) =>
    Object.fromEntries(names.map((name) => [name, [...columns[name]]])) as Record<Name, (number | null)[]>
  const cpus = columns.cpu_seconds.map((busy, point) => {
    const awake = columns.awake_seconds[point]
    return busy === null || !awake ? null : busy / awake
  })
  return {
    compute_gauges: { cpus, ...of('size_cu', 'cpus_max', 'load', 'memory_bytes', 'memory_bytes_max') },
    compute_counters: of('cpu_seconds', 'awake_seconds'),
    database_gauges: of(
      'connections_active',
      'connections_idle',
      'connections_idle_in_transaction',
      'connections_max',
      'database_size_bytes',
    ),
    database_counters: of(
      'xact_commit',
      'xact_rollback',
      'blks_read',
      'blks_hit',
      'tup_returned',
      'tup_fetched',
      'tup_inserted',
      'tup_updated',
      'tup_deleted',
      'temp_bytes',
      'deadlocks',
    ),
  }
}

/** `type:event` as two, the most frequent first. */
function waitsOf(waits: Past['series']['waits']): EndpointTelemetry['wait_event_counters'] {
  const most = Object.entries(waits).sort(([, a], [, b]) => b - a)
  return most.map(([name, count]) => {
    const [type = '', event] = name.split(':')
    return { wait_event_type: type, ...(event ? { wait_event: event } : {}), count }
  })
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
