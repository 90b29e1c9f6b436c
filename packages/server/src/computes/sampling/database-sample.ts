// What the databases of a server do at a moment, asked on the connection that all questions share: it is no activity, and counts as none.
import { ADMIN_ROLE, type AdminConnection, OWN_APPLICATION_PREFIX } from '../../postgres/index.ts'

/** Counters of pg_stat_database, of all databases but the workspace's own together, since the statistics began. */
export const COUNTERS = [
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
] as const

export type Counters = Readonly<Record<(typeof COUNTERS)[number], number>>

/** Sessions of clients by what they do. */
export interface Connections {
  readonly active: number
  readonly idle: number
  readonly idleInTransaction: number
}

export interface DatabaseState {
  readonly connections: Connections
  /** Sessions that do something, by what they wait for: `type:event`, or `CPU`. */
  readonly waits: Readonly<Record<string, number>>
  readonly totals: Counters
  readonly sizeBytes?: number
}

const SESSIONS = `
  SELECT state, wait_event_type AS type, wait_event AS event, count(*)::int AS count
  FROM pg_stat_activity
  WHERE backend_type = 'client backend'
    AND NOT (usename = '${ADMIN_ROLE}' AND starts_with(application_name, '${OWN_APPLICATION_PREFIX}'))
  GROUP BY 1, 2, 3`

const OF_USERS = 'datname <> current_database()'
const TOTALS = `SELECT ${COUNTERS.map((name) => `coalesce(sum(${name}), 0)::float8 AS ${name}`).join(', ')}
  FROM pg_stat_database WHERE ${OF_USERS}`
// It looks at every file, so it is asked for less often.
const SIZE = `SELECT coalesce(sum(pg_database_size(oid)), 0)::float8 AS bytes
  FROM pg_database WHERE NOT datistemplate AND ${OF_USERS}`

interface SessionRow {
  readonly state: string | null
  readonly type: string | null
  readonly event: string | null
  readonly count: number
}

export async function readDatabaseState(admin: AdminConnection, withSize: boolean): Promise<DatabaseState> {
  const sessions = await admin.query<SessionRow>(SESSIONS)
  const [totals] = await admin.query<Counters>(TOTALS)
  const [size] = withSize ? await admin.query<{ bytes: number }>(SIZE) : []
  if (!totals) throw new Error('a sum has one row')
  return {
    connections: connectionsOf(sessions),
    waits: waitsOf(sessions),
    totals,
    ...(size ? { sizeBytes: size.bytes } : {}),
  }
}

/** What was counted from `before` to `after`; the statistics may have begun anew in between. */
export function countedBetween(before: Counters, after: Counters): Counters {
  const counted = COUNTERS.map((name) => {
    const [from, to] = [before[name], after[name]]
    return [name, to >= from ? to - from : to] as const
  })
  return Object.fromEntries(counted) as Record<(typeof COUNTERS)[number], number>
}

function connectionsOf(rows: readonly SessionRow[]): Connections {
  const count = (isOf: (state: string) => boolean) =>
    rows.reduce((sum, row) => (isOf(row.state ?? '') ? sum + row.count : sum), 0)
  return {
    active: count((state) => state === 'active' || state === 'fastpath function call'),
    idle: count((state) => state === 'idle'),
    idleInTransaction: count((state) => state.startsWith('idle in transaction')),
  }
}

function waitsOf(rows: readonly SessionRow[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { state, type, event, count } of rows) {
    if (state !== 'active') continue
    const name = type === null ? 'CPU' : `${type}:${event ?? ''}`
    counts[name] = (counts[name] ?? 0) + count
  }
  return counts
}
