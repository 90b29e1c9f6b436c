import { durationOf, type EndpointTelemetry, telemetryRoutes } from '@lakelet/api'
import { megabytes } from '../command/bytes.ts'
import { defineCommand } from '../command/define-command.ts'
import { parseDuration } from '../command/durations.ts'
import { findEndpoint, paramsOf, targetOf, targetOptions } from '../postgres/endpoint-target.ts'

/** Lines of the table as a rule. */
const LINES = 24

export const stats = defineCommand({
  path: ['stats'],
  summary: 'Show what a compute did: CPU, memory, connections, rows, cache hits, and when it slept',
  description:
    'A compute is measured while it is awake; a month is kept, the last hours finely. Looking wakes nothing. As JSON (-o json) it has every field, under the names of the telemetry tables.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
  },
  options: {
    ...targetOptions,
    last: {
      value: 'DURATION',
      summary: 'of so long until now, up to 31d',
      default: '1h',
      parse: parseDuration,
    },
    statements: { summary: 'the statements that took the most time, of whole hours or days' },
    step: { value: 'DURATION', summary: 'one line for each so long', parse: parseDuration },
  },
  examples: [
    { run: 'lakelet stats --statements --last 24h', does: 'what took the time of the last day' },
    { run: 'lakelet stats --last 24h', does: 'the last day of the only project' },
    { run: 'lakelet stats projects/my-app-db --last 10m --step 10s -o json', does: 'as fine as it gets' },
  ],
  async handler(context, { arguments: { target }, options: { last, step, statements, ...options } }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const endpoint = await findEndpoint(context, targetOf(target, options))
    const params = paramsOf(endpoint)
    const now = Date.now()
    const query = {
      start_time: new Date(now - last).toISOString(),
      end_time: new Date(now).toISOString(),
      step: durationOf(Math.max(1, Math.ceil((step ?? last / LINES) / 1000))),
    }
    const telemetry = await client.call(telemetryRoutes.getTelemetry, { params, query }, signal)
    out.data(telemetry, statements ? statementsOf(telemetry) : rowsOf(telemetry))
  },
})

function rowsOf(telemetry: EndpointTelemetry): Table {
  return { header: HEADER, rows: telemetry.ts.map((at, point) => rowOf(telemetry, at, point)) }
}

/** Longest part of a statement in a line. */
const STATEMENT_LENGTH = 100

function statementsOf({ pg_stat_statements_counters: most }: EndpointTelemetry): Table {
  const rows = most.map((each) => [
    each.total_exec_ms.toFixed(0),
    each.calls.toFixed(0),
    (each.total_exec_ms / Math.max(each.calls, 1)).toFixed(2),
    each.rows.toFixed(0),
    hitsOf(each.shared_blks_hit, each.shared_blks_read),
    each.role,
    each.database,
    // In one line, whatever is in it.
    (each.query ?? '–').replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, STATEMENT_LENGTH),
  ])
  return {
    header: ['Total ms', 'Calls', 'Mean ms', 'Rows', 'Cache hits', 'Role', 'Database', 'Statement'],
    rows,
  }
}

interface Table {
  readonly header: string[]
  readonly rows: string[][]
}

const HEADER = [
  'From',
  'Awake',
  'CU',
  'CPUs',
  'Memory MB',
  'Connections',
  'Commits/s',
  'Rows/s',
  'Cache hits',
  'Size MB',
]

function rowOf(telemetry: EndpointTelemetry, at: number, point: number): string[] {
  const { compute_gauges: gauges, compute_counters: times, step_seconds: step } = telemetry
  const { database_gauges: sessions, database_counters: counters } = telemetry
  const of = (column: readonly (number | null)[]) => column[point] ?? null
  const awake = of(times.awake_seconds)
  const time = new Date(at * 1000).toISOString()
  if (awake === null) return [time, '–', ...HEADER.slice(2).map(() => '')]
  const perSecond = (...columns: readonly (readonly (number | null)[])[]) =>
    columns.reduce((sum, column) => sum + (of(column) ?? 0), 0) / Math.max(awake, 1)
  const [hits, reads] = [of(counters.blks_hit) ?? 0, of(counters.blks_read) ?? 0]
  const written = [counters.tup_inserted, counters.tup_updated, counters.tup_deleted]
  return [
    time,
    `${Math.min(100, Math.round((awake / step) * 100))} %`,
    shown(of(gauges.size_cu), 1),
    shown(of(gauges.cpus), 2),
    inMegabytes(of(gauges.memory_bytes), 0),
    shown(of(sessions.connections_max), 0),
    shown(perSecond(counters.xact_commit), 1),
    shown(perSecond(counters.tup_fetched, ...written), 1),
    hitsOf(hits, reads),
    inMegabytes(of(sessions.database_size_bytes), 1),
  ]
}

function hitsOf(hits: number, reads: number): string {
  return hits + reads === 0 ? '' : `${((hits / (hits + reads)) * 100).toFixed(1)} %`
}

function inMegabytes(bytes: number | null, digits: number): string {
  return bytes === null ? '' : megabytes(bytes, digits)
}

function shown(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits)
}
