// SQL by the workspace's own route: as who is signed in, over the gateway. What is read of the result is bounded, and whoever reads no further
// cancels what runs.
import { randomUUID } from 'node:crypto'
import { type SqlEvent, type SqlNotice, type SqlRunBody, sqlRoutes } from '@lakelet/api'
import { splitStatements } from '@lakelet/api/sql'
import { MOST } from '../answer.ts'
import { ToolError } from '../problem.ts'
import type { ToolContext } from '../tool.ts'

const MOST_STATEMENTS = 50
/** Of results, before they are made fit to be shown. */
const MOST_BYTES = 4 * MOST.all
/** Of the answer as it is read; most of long values is thrown away. */
const MOST_READ = 4 * 1024 * 1024
/** Of one value, unless somebody asks for more; a row may hold many. */
const MOST_CELL = 2000
const MOST_NOTICES = 20

export interface StatementResult {
  readonly statement: string
  readonly tag?: string
  readonly columns?: readonly string[]
  readonly rows?: readonly (readonly (string | null)[])[]
  /** More rows or longer values than are here. */
  readonly truncated?: true
  readonly ms?: number
  readonly notices?: readonly string[]
}

export interface SqlOutcome {
  readonly results: readonly StatementResult[]
  readonly error?: { readonly statement?: string; readonly error: Partial<SqlNotice> }
  /** Reading ended before the statements did: what ran was cancelled. */
  readonly stopped?: 'size' | 'time'
}

export interface SqlAsked {
  readonly endpoint: string
  readonly database: string
  readonly statements: readonly string[]
  readonly contained: boolean
  readonly maxRows: number
  /** Characters kept of one value. */
  readonly maxCell?: number
  /** Of the whole. */
  readonly timeoutSeconds: number
  readonly time?: string | undefined
  readonly lsn?: string | undefined
}

/** The statements of a script. Throws a ToolError where there are none or too many. */
export function statementsOf(sql: string): string[] {
  const statements = splitStatements(sql).map(({ text }) => text)
  if (statements.length === 0) throw new ToolError('There is no SQL statement in sql.')
  if (statements.length > MOST_STATEMENTS)
    throw new ToolError(
      `sql has ${statements.length} statements; at most ${MOST_STATEMENTS} are run in one call.`,
    )
  return statements
}

/** Runs the statements; an error of Postgres is part of the outcome. */
export async function runSql(context: ToolContext, asked: SqlAsked): Promise<SqlOutcome> {
  const { client, signal } = context
  const stop = new AbortController()
  const reading = new Reading(asked.statements, asked.maxCell ?? MOST_CELL)
  const body: SqlRunBody = {
    run_id: randomUUID(),
    endpoint: asked.endpoint,
    database: asked.database,
    contained: asked.contained,
    application: 'lakelet-mcp',
    statements: asked.statements.map((text) => ({ text })),
    max_rows: asked.maxRows,
    timeout_seconds: asked.timeoutSeconds,
    ...(asked.time === undefined ? {} : { time: asked.time }),
    ...(asked.lsn === undefined ? {} : { lsn: asked.lsn }),
  }
  const stream = await client.call(sqlRoutes.run, { body }, AbortSignal.any([signal, stop.signal]))
  let deadline: NodeJS.Timeout | undefined
  let stopped: SqlOutcome['stopped']
  const end = (why: 'size' | 'time'): void => {
    stopped ??= why
    stop.abort()
  }
  try {
    for await (const event of eventsOf(stream, () => end('size'))) {
      // Not while the compute wakes. A statement can lift Postgres' own limit.
      if (event.event === 'started')
        deadline ??= setTimeout(() => end('time'), asked.timeoutSeconds * 1000 + 500)
      reading.take(event)
      if (reading.bytes > MOST_BYTES) end('size')
    }
  } catch (error) {
    if (stopped === undefined) throw error
  } finally {
    clearTimeout(deadline)
  }
  return { ...reading.outcome(), ...(stopped === undefined ? {} : { stopped }) }
}

async function* eventsOf(stream: ReadableStream<Uint8Array>, onMuch: () => void): AsyncGenerator<SqlEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let read = 0
  for await (const chunk of stream) {
    read += chunk.length
    if (read > MOST_READ) onMuch()
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as SqlEvent
  }
  if (rest !== '') throw new ToolError('The workspace ended the answer in the midst of a line.')
}

interface Part {
  tag?: string
  columns?: string[]
  rows: (string | null)[][]
  truncated?: true
  ms?: number
  notices: string[]
}

/** Puts events together. */
class Reading {
  bytes = 0
  readonly #statements: readonly string[]
  readonly #maxCell: number
  readonly #parts = new Map<number, Part>()
  #error: SqlOutcome['error']

  constructor(statements: readonly string[], maxCell: number) {
    this.#statements = statements
    this.#maxCell = maxCell
  }

  take(event: SqlEvent): void {
    if (event.event === 'accepted' || event.event === 'started' || event.event === 'end') return
    if (event.event === 'error') {
      this.#error = { ...this.#textOf(event.statement), error: event.error }
      return
    }
    const part = this.#part(event.statement)
    if (event.event === 'columns')
      part.columns = event.columns.map(({ name, type }) => (type === undefined ? name : `${name} ${type}`))
    else if (event.event === 'rows') this.#rows(part, event.rows)
    else if (event.event === 'notice') {
      if (part.notices.length < MOST_NOTICES)
        part.notices.push(`${event.notice.severity}: ${event.notice.message}`)
    } else {
      part.tag = event.tag
      part.ms = event.ms
      if (event.truncated) part.truncated = true
    }
  }

  outcome(): SqlOutcome {
    const results = [...this.#parts]
      .filter(([at]) => at >= 0)
      .toSorted(([a], [b]) => a - b)
      .map(([at, part]) => ({ ...this.#textOf(at), ...resultOf(part) }))
    return {
      results: results as StatementResult[],
      ...(this.#error === undefined ? {} : { error: this.#error }),
    }
  }

  #rows(part: Part, rows: readonly (readonly (string | null)[])[]): void {
    for (const row of rows) {
      const kept = row.map((value) => {
        if (value === null || value.length <= this.#maxCell) return value
        part.truncated = true
        return `${value.slice(0, this.#maxCell)}… (${value.length} characters)`
      })
      this.bytes += kept.reduce((sum, value) => sum + (value?.length ?? 0) + 4, 0)
      part.rows.push(kept)
    }
  }

  #textOf(at: number): { readonly statement?: string } {
    const text = this.#statements[at]
    return text === undefined ? {} : { statement: text.length > 200 ? `${text.slice(0, 200)}…` : text }
  }

  #part(at: number): Part {
    const known = this.#parts.get(at)
    if (known) return known
    const made: Part = { rows: [], notices: [] }
    this.#parts.set(at, made)
    return made
  }
}

function resultOf({ columns, rows, notices, ...rest }: Part): object {
  return {
    ...rest,
    ...(columns === undefined ? {} : { columns, rows }),
    ...(notices.length === 0 ? {} : { notices }),
  }
}
