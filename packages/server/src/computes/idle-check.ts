// Whether something in the cluster still needs it, seen from its catalogs. The gateway knows when clients last sent
// something; this adds what it cannot see: a query that runs on, an open transaction, a walsender, autovacuum. So a session that is idle, or one
// that came and went, counts by what it sent, and the totals of pg_stat_database need not be watched.
import { ADMIN_ROLE, type AdminConnection, OWN_APPLICATION_PREFIX } from '../postgres/index.ts'

/** The session (or worker) that keeps a compute awake. */
export interface AwakeBecause {
  readonly pid: number
  readonly kind: string
  readonly role: string | null
  readonly database: string | null
  readonly application: string | null
  /** `active`, `idle in transaction`, … */
  readonly state: string | null
  /** ISO time since when it is in this state. */
  readonly since: string | null
  /** Why it cannot be parked, of a session that is idle. */
  readonly reason?: string
  /** The beginning of what it runs, or ran last in its open transaction. For those only who may see it. */
  readonly query?: string
  /** ISO time since when its transaction is open. */
  readonly transactionSince?: string
}

export interface ServerActivity {
  readonly awakeBecause?: AwakeBecause
  /** Changes whenever an idle session did something since the last look. */
  readonly newestChange: string | null
  /** Milliseconds since that change. */
  readonly newestChangeAgeMs: number | null
}

interface Row {
  pid: number
  kind: string
  role: string | null
  database: string | null
  application: string | null
  state: string | null
  since: Date | null
  query: string | null
  transaction_since: Date | null
  age_ms: number | null
  busy: boolean
}

/** Characters of a statement. */
const QUERY_LENGTH = 1_000

const QUERY = `
  SELECT pid, backend_type AS kind, usename AS role, datname AS database, application_name AS application, state,
    state_change AS since, nullif(left(query, ${QUERY_LENGTH}), '') AS query, xact_start AS transaction_since,
    (extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8 AS age_ms,
    (backend_type <> 'client backend' OR state IS DISTINCT FROM 'idle') AS busy
  FROM pg_stat_activity
  WHERE backend_type = 'autovacuum worker' OR backend_type LIKE 'logical replication%worker' OR (backend_type IN ('client backend', 'walsender')
    AND NOT (usename = '${ADMIN_ROLE}' AND starts_with(application_name, '${OWN_APPLICATION_PREFIX}')))
  ORDER BY busy DESC, starts_with(state, 'idle') NULLS FIRST, state_change DESC NULLS LAST`

export async function readActivity(admin: AdminConnection): Promise<ServerActivity> {
  const rows = await admin.query<Row>(QUERY)
  const busy = rows.find((row) => row.busy)
  const newest = rows.find((row) => !row.busy)
  return {
    ...(busy ? { awakeBecause: describe(busy) } : {}),
    newestChange: newest?.since?.toISOString() ?? null,
    newestChangeAgeMs: newest?.age_ms ?? null,
  }
}

/** An open transaction in which nothing happens, as all that keeps the compute awake: for how long now; undefined for all else. */
export function idleTransactionMs({ state, since }: AwakeBecause, now: Date): number | undefined {
  return state?.startsWith('idle in transaction') && since !== null
    ? now.getTime() - Date.parse(since)
    : undefined
}

function describe(row: Row): AwakeBecause {
  const { pid, kind, role, database, application, state, since, query, transaction_since: opened } = row
  return {
    pid,
    kind,
    role,
    database,
    application,
    state,
    since: since?.toISOString() ?? null,
    ...(query === null ? {} : { query }),
    ...(opened ? { transactionSince: opened.toISOString() } : {}),
  }
}
