// One statement of a run: by the extended protocol, in steps of a portal, so that neither side holds the whole result.
import type { SqlColumn } from '@lakelet/api'
import { type Client, type FieldDef, types } from 'pg'
import Cursor from 'pg-cursor'
import type { Lines } from './lines.ts'

/** Rows asked for at once: few at first, then as many as are likely to be of this size together. */
const FIRST_ROWS = 32
const MOST_ROWS = 1000
const STEP_BYTES = 1024 * 1024
const LINE_ROWS = 500
const LINE_BYTES = 64 * 1024
const CELL_BYTES = 1024 * 1024
const STATEMENT_BYTES = 64 * 1024 * 1024

type Row = readonly (string | null)[]

export interface StatementOptions {
  readonly client: Client
  readonly lines: Lines
  readonly index: number
  readonly maxRows: number
}

/** Values as Postgres prints them. */
const asPrinted = { getTypeParser: () => (value: string) => value }

/** Names of the built-in types by oid. */
const BUILT_IN = new Map(
  Object.entries(types.builtins).map(([name, oid]) => [oid as number, name.toLowerCase()] as const),
)

/** Runs `text`, writes its columns, rows and outcome, and gives its command tag; rejects with the driver's error. */
export async function runStatement(text: string, options: StatementOptions): Promise<string> {
  const { client, lines, index } = options
  const started = performance.now()
  const cursor = client.query(new StatementCursor(text, [], { rowMode: 'array', types: asPrinted }))
  const tag = tagOf(client)
  const writer = new RowWriter(lines, index, options.maxRows)
  let columns: SqlColumn[] | undefined
  for (let count = FIRST_ROWS; ;) {
    const { rows, fields } = await step(cursor, count)
    if (!columns && fields.length > 0) {
      columns = fields.map(columnOf)
      lines.push({ event: 'columns', statement: index, columns })
    }
    const bytes = writer.write(rows)
    await lines.room()
    if (rows.length < count || writer.hasMore) break
    // One more row tells whether there are more than are kept.
    count = writer.isFull
      ? 1
      : Math.max(1, Math.min(MOST_ROWS, Math.floor((STEP_BYTES * rows.length) / bytes)))
  }
  await cursor.close()
  tag.stop()
  const ms = Math.round((performance.now() - started) * 10) / 10
  const names = await namesOf(client, columns ?? [])
  const { rows, isTruncated } = writer
  lines.push({
    event: 'done',
    statement: index,
    tag: tag.text,
    ms,
    rows,
    truncated: isTruncated,
    types: names,
  })
  return tag.text
}

/** COPY would speak another protocol here; it is ended with an error instead of leaving the connection in a state of its own. */
class StatementCursor extends Cursor<Row> {
  handleCopyInResponse(connection: { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('COPY … FROM STDIN needs a client that sends data; use psql')
  }

  handleCopyData(): void {}
}

interface Step {
  readonly rows: readonly Row[]
  readonly fields: readonly FieldDef[]
}

function step(cursor: Cursor<Row>, count: number): Promise<Step> {
  return new Promise((resolve, reject) => {
    cursor.read(count, (error: Error | undefined | null, rows: Row[], result) => {
      if (error) reject(error)
      else resolve({ rows, fields: result?.fields ?? [] })
    })
  })
}

/** The command tag, which the driver's own result cuts to its first word. */
function tagOf(client: Client) {
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  const found = { text: '', stop: () => void connection.off('commandComplete', note) }
  const note = (message: { text: string }) => {
    found.text = message.text
  }
  connection.on('commandComplete', note)
  return found
}

function columnOf(field: FieldDef): SqlColumn {
  const type = BUILT_IN.get(field.dataTypeID)
  return {
    name: field.name,
    ...(type === undefined ? {} : { type }),
    type_oid: field.dataTypeID,
    table_oid: field.tableID,
    column: field.columnID,
  }
}

async function namesOf(client: Client, columns: readonly SqlColumn[]): Promise<Record<string, string>> {
  const unknown = [
    ...new Set(columns.filter(({ type }) => type === undefined).map(({ type_oid }) => type_oid)),
  ]
  if (unknown.length === 0) return {}
  const { rows } = await client.query<{ oid: string; name: string }>(
    'select oid::text as oid, pg_catalog.format_type(oid, null) as name from pg_catalog.pg_type where oid = any($1::oid[])',
    [unknown],
  )
  return Object.fromEntries(rows.map(({ oid, name }) => [oid, name]))
}

/** Writes rows in lines of bounded size, up to the limits of a statement. */
class RowWriter {
  readonly #lines: Lines
  readonly #index: number
  readonly #maxRows: number
  #bytes = 0
  rows = 0
  isTruncated = false
  /** Whether there was a row beyond the limits. */
  hasMore = false

  constructor(lines: Lines, index: number, maxRows: number) {
    this.#lines = lines
    this.#index = index
    this.#maxRows = maxRows
  }

  get isFull(): boolean {
    return this.rows >= this.#maxRows || this.#bytes >= STATEMENT_BYTES
  }

  /** Gives how many bytes it took of `rows`. */
  write(rows: readonly Row[]): number {
    const before = this.#bytes
    let batch: Row[] = []
    let size = 0
    for (const row of rows) {
      if (this.isFull) {
        this.isTruncated = true
        this.hasMore = true
        break
      }
      const bounded = row.map((value) => this.#bounded(value))
      const bytes = bounded.reduce((sum, value) => sum + (value?.length ?? 0) + 4, 0)
      batch.push(bounded)
      size += bytes
      this.rows += 1
      this.#bytes += bytes
      if (batch.length < LINE_ROWS && size < LINE_BYTES) continue
      this.#flush(batch)
      batch = []
      size = 0
    }
    if (batch.length > 0) this.#flush(batch)
    return this.#bytes - before
  }

  #flush(rows: readonly Row[]): void {
    this.#lines.push({ event: 'rows', statement: this.#index, rows })
  }

  #bounded(value: string | null): string | null {
    if (value === null || value.length <= CELL_BYTES) return value
    this.isTruncated = true
    return `${value.slice(0, CELL_BYTES)}… (${value.length})`
  }
}
