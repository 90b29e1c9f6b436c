// Which statements took the most time of a compute that is awake, from pg_stat_statements: looked at once a minute and before it stops. The library
// counts in any case; its view is in the workspace's own database, so that no user needs to make it and none is asked.
import type { Clock } from '../../base/clock.ts'
import { ADMIN_ROLE, type AdminConnection } from '../../postgres/index.ts'
import type { RunningServer } from '../drivers/driver.ts'
import type { ComputeObserver, StatementCounts } from '../ports.ts'

const EVERY_MS = 60_000
/** Of one look. */
const TOLD = 20
/** A look at a compute that sleeps is kept for its next server where it is no longer than this. */
const MOST_KEPT = 500
/** Characters of a statement. */
const TEXT_LENGTH = 500

/** Of users, in databases of users. A statement is one of a role in a database. */
const COUNTS = `
  SELECT concat_ws('.', queryid, dbid, userid) AS id, calls::float8 AS calls, total_exec_time AS ms, rows::float8 AS rows,
    shared_blks_hit::float8 AS hit, shared_blks_read::float8 AS read
  FROM lakelet.pg_stat_statements(false) AS counted
  WHERE queryid IS NOT NULL AND userid <> '${ADMIN_ROLE}'::regrole AND dbid <> (SELECT oid FROM pg_database WHERE datname = current_database())`

// Utility statements stand there as they were written: whatever speaks of a password is not kept.
const TEXTS = `
  SELECT concat_ws('.', queryid, dbid, userid) AS id, rolname AS role, datname AS database,
    CASE WHEN query ~* 'password' THEN NULL ELSE left(query, ${TEXT_LENGTH}) END AS text
  FROM lakelet.pg_stat_statements(true) JOIN pg_roles ON pg_roles.oid = userid JOIN pg_database ON pg_database.oid = dbid
  WHERE concat_ws('.', queryid, dbid, userid) = ANY ($1)`

// An entry that is younger than this server, where Postgres tells the age of entries, was counted from nothing.
const COUNTED_BEFORE = `${COUNTS}
  AND NOT coalesce((to_jsonb(counted) ->> 'stats_since')::timestamptz >= pg_postmaster_start_time(), false)`

const STATE = `
  SELECT to_regproc('lakelet.pg_stat_statements') IS NOT NULL AS there,
    pg_is_in_recovery() AS standby,
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') AS available`

interface CountRow {
  readonly id: string
  readonly calls: number
  readonly ms: number
  readonly rows: number
  readonly hit: number
  readonly read: number
}

interface TextRow {
  readonly id: string
  readonly role: string
  readonly database: string
  readonly text: string | null
}

export interface StatementSamplerOptions {
  readonly uid: string
  readonly observer: Pick<ComputeObserver, 'executed'> | undefined
  readonly clock: Clock
}

export class StatementSampler {
  readonly #options: StatementSamplerOptions
  #of: RunningServer | undefined
  #counted: ReadonlyMap<string, CountRow> | undefined
  /** What the last server had counted when it stopped in order: Postgres keeps it over its sleep. */
  #kept: ReadonlyMap<string, CountRow> | undefined
  #lookedAtMs = 0
  /** One look at a time. */
  #looking: Promise<void> = Promise.resolve()

  constructor(options: StatementSamplerOptions) {
    this.#options = options
  }

  /** Counts from here on: a server has begun. */
  begin(live: RunningServer): void {
    if (!this.#options.observer) return
    this.#of = live
    this.#counted = this.#kept
    this.#kept = undefined
    this.#lookedAtMs = this.#options.clock.monotonicMs()
    if (this.#counted) return
    this.#look(live, async () => {
      if (!(await isThere(live))) return
      const rows = await live.catalog.read((admin) => admin.query<CountRow>(COUNTED_BEFORE))
      this.#counted = new Map(rows.map((row) => [row.id, row]))
    })
  }

  /** Looks when it is time. */
  take(live: RunningServer): void {
    if (this.#options.clock.monotonicMs() - this.#lookedAtMs < EVERY_MS) return
    if (this.#counted) this.#look(live, () => this.#tell(live))
    else this.begin(live)
    this.#lookedAtMs = this.#options.clock.monotonicMs()
  }

  /** The last look at a server that is about to stop; resolves when it is done, and never rejects. */
  async end(live: RunningServer): Promise<void> {
    // One that was awake for a moment only.
    if (this.#of !== live) this.begin(live)
    this.#look(live, () => this.#tell(live))
    await this.#looking
    if (this.#of !== live) return
    this.#of = undefined
    if (this.#counted && this.#counted.size <= MOST_KEPT) this.#kept = this.#counted
    this.#counted = undefined
  }

  /** A server that does not answer, or goes away meanwhile, is not looked at. */
  #look(live: RunningServer, work: () => Promise<void>): void {
    this.#looking = this.#looking.then(() => (this.#of === live ? work() : undefined)).catch(() => undefined)
  }

  async #tell(live: RunningServer): Promise<void> {
    const { observer, uid, clock } = this.#options
    const before = this.#counted
    if (!observer || !before) return
    // Where the server does not answer, nobody knows where to count from.
    this.#counted = undefined
    const rows = await live.catalog.read((admin) => admin.query<CountRow>(COUNTS))
    this.#counted = new Map(rows.map((row) => [row.id, row]))
    const most = rows
      .map((row) => since(before.get(row.id), row))
      .filter(({ calls }) => calls > 0)
      .sort((one, other) => other.ms - one.ms)
      .slice(0, TOLD)
    if (most.length > 0)
      observer.executed(uid, clock.now(), await live.catalog.read((admin) => named(admin, most)))
  }
}

/** What was counted since `before`; the statistics may have begun anew in between. */
function since(before: CountRow | undefined, now: CountRow): CountRow {
  if (!before || now.calls < before.calls) return now
  return {
    id: now.id,
    calls: now.calls - before.calls,
    ms: now.ms - before.ms,
    rows: now.rows - before.rows,
    hit: now.hit - before.hit,
    read: now.read - before.read,
  }
}

async function named(admin: AdminConnection, counted: readonly CountRow[]): Promise<StatementCounts[]> {
  const rows = await admin.query<TextRow>(TEXTS, [counted.map(({ id }) => id)])
  const texts = new Map(rows.map((row) => [row.id, row]))
  return counted.flatMap(({ id, calls, ms, rows: found, hit, read }) => {
    const text = texts.get(id)
    // Forgotten in between.
    if (!text) return []
    const { role, database } = text
    return [{ id, role, database, text: text.text ?? undefined, calls, ms, rows: found, hit, read }]
  })
}

/** Makes the view where it is not there yet: a cluster of an earlier version. A standby has what its primary has. */
async function isThere(live: RunningServer): Promise<boolean> {
  const [state] = await live.catalog.read((admin) =>
    admin.query<{ there: boolean; standby: boolean; available: boolean }>(STATE),
  )
  if (!state || state.there || state.standby || !state.available) return state?.there ?? false
  await using admin = await live.admin({ purpose: 'statements' })
  await admin.execute('CREATE SCHEMA IF NOT EXISTS lakelet')
  await admin.execute('CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA lakelet')
  return true
}
