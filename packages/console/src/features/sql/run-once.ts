// SQL that a page itself needs: its rows at once, errors thrown.
import type { SqlNotice } from '@lakelet/api'
import type { Moment } from '../past/moment.ts'
import { runSql } from './stream.ts'

const DATABASE = 'databricks_postgres'

/** An error of Postgres, in its own words. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'
  readonly notice: SqlNotice

  constructor(notice: SqlNotice) {
    super([notice.message, notice.detail, notice.hint].filter((part) => part).join(' · '))
    this.notice = notice
  }
}

type Row = Readonly<Record<string, string | null>>

/** Runs statements in order and gives the rows of the last one by column name. */
export async function runOnce(
  request: {
    readonly project: string
    readonly branch: string
    readonly statements: readonly string[]
    readonly database?: string
    readonly isReadOnly?: boolean
    /** Read what was there then. */
    readonly moment?: Moment | undefined
  },
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly rows: Row[]; readonly tag: string }> {
  const { project, branch, statements, database = DATABASE } = request
  let names: string[] = []
  let rows: Row[] = []
  let tag = ''
  const run = runSql(
    {
      runId: crypto.randomUUID(),
      endpoint: `projects/${project}/branches/${branch}/endpoints/primary`,
      database,
      statements: statements.map((text) => ({ text })),
      ...(request.isReadOnly ? { read_only: true } : {}),
      ...request.moment,
    },
    signal,
  )
  for await (const event of run) {
    if (event.event === 'error') throw new PostgresError(event.error)
    if (event.event === 'columns') {
      names = event.columns.map(({ name }) => name)
      rows = []
    } else if (event.event === 'rows') {
      for (const row of event.rows)
        rows.push(Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])))
    } else if (event.event === 'done') tag = event.tag
  }
  return { rows, tag }
}
