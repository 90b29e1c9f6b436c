// Statements that took the most time, by endpoint: of each hour of the last day and of each day of a month the first of them, with their texts.
import type { DatabaseSync } from 'node:sqlite'
import type { ExecutedStatement } from '../ports.ts'
import { floorTo, KEPT_SECONDS } from './levels.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

/** Seconds. 57 rows of hours and days, with 20 statements each, at most. */
const LEVELS = [
  { step: HOUR, kept: 26 * HOUR },
  { step: DAY, kept: KEPT_SECONDS },
] as const

/** Of an hour or a day, and of an answer. */
export const STATEMENTS_KEPT = 20

export class StatementStore {
  readonly #sqlite: DatabaseSync

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite
  }

  /** Takes what was executed until `at`, in seconds, into the row of its hour and of its day. Called in a transaction. */
  add(endpoint: number, at: number, statements: readonly ExecutedStatement[]): void {
    const text = this.#sqlite.prepare('INSERT OR REPLACE INTO statement_texts VALUES (?, ?, ?, ?, ?)')
    const count = this.#sqlite.prepare(
      `INSERT INTO executed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls,
         ms = ms + excluded.ms, rows = rows + excluded.rows, hit = hit + excluded.hit, read = read + excluded.read`,
    )
    for (const { id, role, database, text: words, calls, ms, rows, hit, read } of statements) {
      text.run(endpoint, id, role, database, words ?? null)
      for (const [level, { step }] of LEVELS.entries())
        count.run(endpoint, level, floorTo(step, at), id, calls, ms, rows, hit, read)
    }
    this.#dropMost(endpoint, at)
    this.dropOld(endpoint, at)
  }

  /** Those of a period that took the most time: by hours where those reach back so far, else by days. Seconds. */
  most(
    endpoint: number,
    { from, to, now }: { readonly from: number; readonly to: number; readonly now: number },
  ): ExecutedStatement[] {
    const level = now - from <= LEVELS[0].kept ? 0 : 1
    const rows = this.#sqlite
      .prepare(
        `SELECT statement AS id, role, database, text, sum(calls) AS calls, sum(ms) AS ms, sum(rows) AS rows, sum(hit) AS hit, sum(read) AS read
           FROM executed JOIN statement_texts USING (endpoint, statement) WHERE endpoint = ? AND level = ? AND at >= ? AND at < ?
           GROUP BY statement ORDER BY ms DESC LIMIT ?`,
      )
      .all(endpoint, level, floorTo(LEVELS[level]?.step ?? DAY, from), to, STATEMENTS_KEPT)
    return rows.map(({ id, role, database, text, ...counts }) => ({
      id: String(id),
      role: String(role),
      database: String(database),
      text: text === null ? undefined : String(text),
      calls: Number(counts['calls']),
      ms: Number(counts['ms']),
      rows: Number(counts['rows']),
      hit: Number(counts['hit']),
      read: Number(counts['read']),
    }))
  }

  forget(endpoint: number): void {
    for (const table of ['executed', 'statement_texts'])
      this.#sqlite.prepare(`DELETE FROM ${table} WHERE endpoint = ?`).run(endpoint)
  }

  /** `now` in seconds. */
  dropOld(endpoint: number, now: number): void {
    for (const [level, { step, kept }] of LEVELS.entries())
      this.#sqlite
        .prepare('DELETE FROM executed WHERE endpoint = ? AND level = ? AND at < ?')
        .run(endpoint, level, now - kept - step)
    this.#sqlite
      .prepare(
        `DELETE FROM statement_texts WHERE endpoint = :endpoint
           AND statement NOT IN (SELECT statement FROM executed WHERE endpoint = :endpoint)`,
      )
      .run({ endpoint })
  }

  #dropMost(endpoint: number, now: number): void {
    for (const [level, { step }] of LEVELS.entries())
      this.#sqlite
        .prepare(
          `DELETE FROM executed WHERE endpoint = :endpoint AND level = :level AND at = :at AND statement NOT IN (SELECT statement
             FROM executed WHERE endpoint = :endpoint AND level = :level AND at = :at ORDER BY ms DESC LIMIT :kept)`,
        )
        .run({ endpoint, level, at: floorTo(step, now), kept: STATEMENTS_KEPT })
  }
}
