// OpenTelemetry for a pool and its connector, by the semantic conventions for database clients. No SQL text, no password
// and no token goes into any of it; what an operation is called is its first keyword.
import { SpanKind, SpanStatusCode, metrics, trace } from '@opentelemetry/api'
import type { Attributes, Meter, ObservableResult, Tracer } from '@opentelemetry/api'
import type { Connector, ConnectorEvents } from '../connector-types.ts'
import { libraryName } from '../settings.ts'

export interface TelemetryOptions {
  /** `db.client.connection.pool.name`. Default: `database@host:port`. */
  poolName?: string
  meter?: Meter
  tracer?: Tracer
}

/** A pool as `createPool` gives it. */
export interface ObservedPool {
  readonly connector: Connector
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly options: { max?: number | undefined; idleTimeoutMillis?: number | null | undefined }
  // oxlint-disable-next-line typescript/no-explicit-any -- the overloads of pg's query have no common type
  query: any
}

/**
 * Measures a pool until the returned function is called: `db.client.operation.duration` for `pool.query`, the
 * `db.client.connection.*` metrics, and a span for each connection that is opened and each credential that is fetched.
 */
export function observePool(pool: ObservedPool, options: TelemetryOptions = {}): () => void {
  const [name = 'lakelet-connect', version = ''] = libraryName.split('/')
  const meter = options.meter ?? metrics.getMeter(name, version)
  const tracer = options.tracer ?? trace.getTracer(name, version)
  const { host, port, database } = pool.connector.getOptions()
  const server: Attributes = {
    'db.system.name': 'postgresql',
    'db.namespace': database,
    'server.address': host,
    'server.port': port,
  }
  const named: Attributes = {
    'db.client.connection.pool.name': options.poolName ?? `${database}@${host}:${port}`,
  }
  const stops = [
    observeConnections(meter, pool, named),
    observeEvents(meter, tracer, pool.connector, server, named),
    observeQueries(meter, pool, server),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function observeConnections(meter: Meter, pool: ObservedPool, named: Attributes): () => void {
  const gauges: [string, string, (result: ObservableResult) => void][] = [
    [
      'db.client.connection.count',
      '{connection}',
      (result) => {
        result.observe(pool.idleCount, { ...named, 'db.client.connection.state': 'idle' })
        result.observe(pool.totalCount - pool.idleCount, { ...named, 'db.client.connection.state': 'used' })
      },
    ],
    ['db.client.connection.max', '{connection}', (result) => result.observe(pool.options.max ?? 10, named)],
    [
      'db.client.connection.pending_requests',
      '{request}',
      (result) => result.observe(pool.waitingCount, named),
    ],
  ]
  const stops = gauges.map(([metric, unit, read]) => {
    const counter = meter.createObservableUpDownCounter(metric, { unit })
    counter.addCallback(read)
    return () => counter.removeCallback(read)
  })
  return () => {
    for (const stop of stops) stop()
  }
}

function observeEvents(
  meter: Meter,
  tracer: Tracer,
  connector: Connector,
  server: Attributes,
  named: Attributes,
): () => void {
  const created = meter.createHistogram('db.client.connection.create_time', { unit: 's' })
  const span = (name: string, durationMs: number, attributes: Attributes, error?: string) => {
    const ended = Date.now()
    const made = tracer.startSpan(name, {
      kind: SpanKind.CLIENT,
      startTime: ended - durationMs,
      attributes: { ...server, ...attributes },
    })
    if (error !== undefined) made.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', error)
    made.end(ended)
  }
  const connected = ({ durationMs, attempts }: ConnectorEvents['connected']) => {
    created.record(durationMs / 1000, named)
    span('connect', durationMs, { 'lakelet_connect.attempts': attempts })
  }
  const failed = ({ durationMs, attempts, code }: ConnectorEvents['connectFailed']) =>
    span('connect', durationMs, { 'lakelet_connect.attempts': attempts }, code)
  const refreshed = ({ durationMs, reason }: ConnectorEvents['refresh']) =>
    span('refresh credential', durationMs, { 'lakelet_connect.reason': reason })
  const refreshFailed = ({ code, reason }: ConnectorEvents['refreshFailed']) =>
    span('refresh credential', 0, { 'lakelet_connect.reason': reason }, code)
  connector
    .on('connected', connected)
    .on('connectFailed', failed)
    .on('refresh', refreshed)
    .on('refreshFailed', refreshFailed)
  return () =>
    void connector
      .off('connected', connected)
      .off('connectFailed', failed)
      .off('refresh', refreshed)
      .off('refreshFailed', refreshFailed)
}

function observeQueries(meter: Meter, pool: ObservedPool, server: Attributes): () => void {
  const duration = meter.createHistogram('db.client.operation.duration', {
    unit: 's',
    description: 'Duration of database client operations.',
  })
  const original = pool.query as (...args: unknown[]) => unknown
  pool.query = (...args: unknown[]): unknown => {
    const startedAt = performance.now()
    const record = (error?: unknown) => {
      const code = (error as { code?: unknown } | null | undefined)?.code
      const type = typeof code === 'string' ? code : 'error'
      const failure = error ? { 'error.type': type, ...sqlState(code) } : {}
      duration.record((performance.now() - startedAt) / 1000, {
        ...server,
        'db.operation.name': operationOf(args[0]),
        ...failure,
      })
    }
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      const observed = (error: unknown, ...rest: unknown[]): unknown => {
        record(error)
        return (callback as (...all: unknown[]) => unknown)(error, ...rest)
      }
      return original.apply(pool, [...args.slice(0, -1), observed])
    }
    const result = original.apply(pool, args)
    if (result instanceof Promise) result.then(() => record(), record)
    return result
  }
  return () => {
    pool.query = original
  }
}

function sqlState(code: unknown): Attributes {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? { 'db.response.status_code': code } : {}
}

const operations = new Set(
  'SELECT INSERT UPDATE DELETE MERGE WITH VALUES BEGIN COMMIT ROLLBACK SET SHOW CREATE ALTER DROP TRUNCATE GRANT REVOKE CALL DO COPY EXPLAIN LISTEN NOTIFY UNLISTEN ANALYZE VACUUM'.split(
    ' ',
  ),
)

/** The statement's first keyword, out of a fixed set: few values, and nothing of what the app wrote. */
function operationOf(query: unknown): string {
  const text = typeof query === 'string' ? query : (query as { text?: unknown } | null)?.text
  const word = /^\s*([a-z]+)/i.exec(typeof text === 'string' ? text : '')?.[1]?.toUpperCase() ?? ''
  return operations.has(word) ? word : 'OTHER'
}
