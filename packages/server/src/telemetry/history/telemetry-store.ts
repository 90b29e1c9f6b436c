// Rows of what was measured, by endpoint. Times are whole seconds for samples and milliseconds for events.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { FIELD_NAMES, mergeSamples, type Sample, type Waits } from './fields.ts'
import type { ExecutedStatement } from '../ports.ts'
import { StatementStore } from './statement-store.ts'
import { floorTo, KEPT_SECONDS, LEVELS } from './levels.ts'

/** A row: a sample, and the second at which it begins. */
export interface SampleRow {
  readonly at: number
  readonly sample: Sample
}

/** Something that happened at a moment, in milliseconds. */
export interface Event {
  readonly at: number
  readonly text: string
}

export type EventTable = 'states' | 'decisions'

/** The newest that are kept of one endpoint, whatever their age. */
export const MOST_EVENTS: Readonly<Record<EventTable, number>> = { states: 4_000, decisions: 1_000 }

const EVENT_COLUMN: Readonly<Record<EventTable, string>> = { states: 'state', decisions: 'record' }
const COLUMNS = ['host_count', 'database_count', 'waits', ...FIELD_NAMES]

export class TelemetryStore {
  readonly #sqlite: DatabaseSync
  readonly #statements: StatementStore
  readonly #ids = new Map<string, number>()
  readonly #find: StatementSync
  readonly #put: StatementSync

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite
    this.#statements = new StatementStore(sqlite)
    this.#find = sqlite.prepare('SELECT * FROM samples WHERE endpoint = ? AND level = ? AND at = ?')
    this.#put = sqlite.prepare(
      `INSERT OR REPLACE INTO samples (endpoint, level, at, ${COLUMNS.join(', ')})
         VALUES (?, ?, ?, ${COLUMNS.map(() => '?').join(', ')})`,
    )
  }

  /** All of `work` is stored, or nothing. */
  transaction(work: () => void): void {
    this.#sqlite.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#sqlite.exec('COMMIT')
    } catch (error) {
      // SQLite may have rolled back by itself, as on a full disk.
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
      this.#ids.clear()
      throw error
    }
  }

  /** Takes a sample into the row of each level, and drops the rows that are too old. */
  add(uid: string, at: number, sample: Sample): void {
    const endpoint = this.#idOf(uid)
    for (const [level, { step }] of LEVELS.entries()) {
      const start = floorTo(step, at)
      const found = this.#find.get(endpoint, level, start)
      const merged = found ? mergeSamples(sampleOf(found), sample) : sample
      this.#put.run(endpoint, level, start, ...rowOf(merged))
    }
    this.#dropOldSamples(endpoint, at)
  }

  samples(uid: string, level: number, from: number, to: number): SampleRow[] {
    const rows = this.#sqlite
      .prepare('SELECT * FROM samples WHERE endpoint = ? AND level = ? AND at >= ? AND at < ? ORDER BY at')
      .all(this.#known(uid), level, from, to)
    return rows.map((row) => ({ at: Number(row['at']), sample: sampleOf(row) }))
  }

  /** The last moment of which something was measured, in seconds. */
  lastSampleAt(uid: string): number | undefined {
    const row = this.#sqlite
      .prepare('SELECT max(at) AS at FROM samples WHERE endpoint = ? AND level = 0')
      .get(this.#known(uid))
    return row?.['at'] === null || row?.['at'] === undefined ? undefined : Number(row['at'])
  }

  addEvent(table: EventTable, uid: string, { at, text }: Event): void {
    this.#sqlite
      .prepare(`INSERT OR REPLACE INTO ${table} (endpoint, at, ${EVENT_COLUMN[table]}) VALUES (?, ?, ?)`)
      .run(this.#idOf(uid), at, text)
  }

  /** Those from `from` to `to`, and the last before: what was so when the period began. */
  events(table: EventTable, uid: string, from: number, to: number): Event[] {
    const column = EVENT_COLUMN[table]
    const rows = this.#sqlite
      .prepare(
        `SELECT at, ${column} AS text FROM ${table} WHERE endpoint = :endpoint AND at < :to AND at >= coalesce(
           (SELECT max(at) FROM ${table} WHERE endpoint = :endpoint AND at <= :from), :from) ORDER BY at`,
      )
      .all({ endpoint: this.#known(uid), from, to })
    return rows.map((row) => ({ at: Number(row['at']), text: String(row['text']) }))
  }

  /** See `StatementStore`. */
  addStatements(uid: string, at: number, statements: readonly ExecutedStatement[]): void {
    this.#statements.add(this.#idOf(uid), at, statements)
  }

  /** See `StatementStore`. */
  mostStatements(uid: string, period: Parameters<StatementStore['most']>[1]): ExecutedStatement[] {
    return this.#statements.most(this.#known(uid), period)
  }

  get uids(): string[] {
    return this.#sqlite
      .prepare('SELECT uid FROM endpoints')
      .all()
      .map((row) => String(row['uid']))
  }

  forget(uid: string): void {
    const endpoint = this.#known(uid)
    this.#statements.forget(endpoint)
    for (const table of ['samples', 'states', 'decisions'])
      this.#sqlite.prepare(`DELETE FROM ${table} WHERE endpoint = ?`).run(endpoint)
    this.#sqlite.prepare('DELETE FROM endpoints WHERE id = ?').run(endpoint)
    this.#ids.delete(uid)
  }

  /** Drops what is too old, or too much, of every endpoint, and gives the room back. `now` in seconds. */
  prune(now: number): void {
    for (const uid of this.uids) {
      const endpoint = this.#idOf(uid)
      this.#dropOldSamples(endpoint, now)
      this.#statements.dropOld(endpoint, now)
      for (const table of ['states', 'decisions'] as const) this.#dropOldEvents(table, endpoint, now)
    }
  }

  giveBack(): void {
    this.#sqlite.exec('PRAGMA incremental_vacuum')
  }

  #dropOldSamples(endpoint: number, now: number): void {
    for (const [level, { kept }] of LEVELS.entries())
      this.#sqlite
        .prepare('DELETE FROM samples WHERE endpoint = ? AND level = ? AND at < ?')
        .run(endpoint, level, now - kept)
  }

  #dropOldEvents(table: EventTable, endpoint: number, now: number): void {
    // The last one says what has been so since, however long ago that was.
    this.#sqlite
      .prepare(
        `DELETE FROM ${table} WHERE endpoint = :endpoint AND at < (SELECT max(at) FROM ${table} WHERE endpoint = :endpoint)
           AND (at < :oldest OR at <= (SELECT at FROM ${table} WHERE endpoint = :endpoint ORDER BY at DESC LIMIT 1 OFFSET :most))`,
      )
      .run({ endpoint, oldest: (now - KEPT_SECONDS) * 1000, most: MOST_EVENTS[table] })
  }

  /** 0, of which nothing is stored, for an endpoint of which nothing is known. */
  #known(uid: string): number {
    const known = this.#ids.get(uid)
    if (known !== undefined) return known
    const row = this.#sqlite.prepare('SELECT id FROM endpoints WHERE uid = ?').get(uid)
    return row ? Number(row['id']) : 0
  }

  #idOf(uid: string): number {
    let id = this.#known(uid)
    if (id === 0) {
      this.#sqlite.prepare('INSERT INTO endpoints (uid) VALUES (?)').run(uid)
      id = this.#known(uid)
    }
    this.#ids.set(uid, id)
    return id
  }
}

function rowOf({ hostCount, databaseCount, waits, values }: Sample): SQLInputValue[] {
  const events = Object.keys(waits).length > 0 ? JSON.stringify(waits) : null
  return [hostCount, databaseCount, events, ...FIELD_NAMES.map((name) => values[name] ?? null)]
}

function sampleOf(row: Readonly<Record<string, unknown>>): Sample {
  const measured = FIELD_NAMES.filter((name) => row[name] !== null)
  return {
    hostCount: Number(row['host_count']),
    databaseCount: Number(row['database_count']),
    values: Object.fromEntries(measured.map((name) => [name, Number(row[name])])),
    waits: typeof row['waits'] === 'string' ? (JSON.parse(row['waits']) as Waits) : {},
  }
}
