// What has come of a run, statement by statement.
import type { SqlColumn, SqlEvent, SqlNotice } from '@lakelet/api'
import type { Statement } from '@lakelet/api/sql'

export type Cell = string | null

export interface StatementResult {
  readonly statement: Statement
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cut-off'
  columns: readonly SqlColumn[]
  rows: (readonly Cell[])[]
  notices: SqlNotice[]
  tag: string
  ms: number
  truncated: boolean
  error: SqlNotice | undefined
}

export interface RunResult {
  readonly statements: readonly StatementResult[]
  isRunning: boolean
  isStarted: boolean
  /** Of the run as a whole, such as a refused login. */
  error: SqlNotice | undefined
  openTransaction: boolean
  hasEnded: boolean
}

export function newResult(statements: readonly Statement[]): RunResult {
  return {
    statements: statements.map((statement) => ({
      statement,
      state: 'waiting',
      columns: [],
      rows: [],
      notices: [],
      tag: '',
      ms: 0,
      truncated: false,
      error: undefined,
    })),
    isRunning: true,
    isStarted: false,
    error: undefined,
    openTransaction: false,
    hasEnded: false,
  }
}

/** Takes one event into the result. The result is changed in place: 100,000 rows are not copied. */
export function take(result: RunResult, event: SqlEvent): void {
  if (event.event === 'started') {
    result.isStarted = true
    const [first] = result.statements
    if (first) first.state = 'running'
  } else if (event.event === 'end') {
    result.openTransaction = event.open_transaction
    result.hasEnded = true
  } else if (event.event !== 'accepted') {
    const at = result.statements[event.statement]
    if (at) takeStatement(result, at, event)
    else if (event.event === 'error') result.error = event.error
  }
}

type StatementEvent = Extract<SqlEvent, { readonly statement: number }>

function takeStatement(result: RunResult, at: StatementResult, event: StatementEvent): void {
  switch (event.event) {
    case 'columns':
      at.columns = event.columns
      break
    case 'rows':
      for (const row of event.rows) at.rows.push(row)
      break
    case 'notice':
      at.notices.push(event.notice)
      break
    case 'error':
      at.state = 'failed'
      at.error = event.error
      break
    case 'done': {
      Object.assign(at, { state: 'done', tag: event.tag, ms: event.ms, truncated: event.truncated })
      at.columns = at.columns.map((column) => {
        const type = column.type ?? event.types[String(column.type_oid)]
        return type === undefined ? column : { ...column, type }
      })
      const next = result.statements[event.statement + 1]
      if (next) next.state = 'running'
    }
  }
}

/** Ends a result; what was running when the connection broke may or may not have taken effect. */
export function close(result: RunResult): void {
  result.isRunning = false
  if (result.hasEnded) return
  const cut = result.statements.find(({ state }) => state === 'running')
  if (cut) cut.state = 'cut-off'
}
