import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Terminal } from '../command/terminal.ts'
import { defineCommand } from '../command/define-command.ts'
import { usageFailure } from '../command/failure.ts'
import type { Output } from '../command/output.ts'
import { DATABASE, loginTo } from '../postgres/connection.ts'
import { findEndpoint, targetOf, targetOptions } from '../postgres/endpoint-target.ts'
import { type StatementResult, openSqlSession } from '../postgres/run-sql.ts'

export const sql = defineCommand({
  path: ['sql'],
  summary: 'Run SQL in a branch as yourself',
  description:
    'The statements come from the argument, from --file, or from standard input. They run over TLS with a fresh database credential, like those of any application; psql is not needed.',
  arguments: { statement: { summary: 'the SQL to run', optional: true } },
  options: {
    file: { short: 'f', value: 'FILE', summary: 'read the SQL from this file' },
    target: { value: 'TARGET', summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]' },
    ...targetOptions,
    database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
  },
  examples: [
    { run: 'lakelet sql "SELECT content FROM notes"', does: 'asks the only project there is' },
    { run: 'lakelet sql --project my-app-db --branch dev < schema.sql', does: 'runs a file in branch dev' },
  ],
  async handler(context, { arguments: { statement }, options }) {
    const text = await readStatements(context.terminal, statement, options.file)
    const { client, announce } = await context.workspace()
    announce()
    const endpoint = await findEndpoint(client, targetOf(options.target, options), context.signal)
    const login = await loginTo(context, endpoint)
    await using session = await openSqlSession({
      login,
      database: options.database,
      onNotice: (notice) => context.out.note(notice),
    })
    show(await session.run(text), context.out)
  },
})

async function readStatements(
  terminal: Terminal,
  statement: string | undefined,
  file: string | undefined,
): Promise<string> {
  if (statement !== undefined && file !== undefined)
    throw usageFailure('Give the SQL as an argument or with --file, not both.')
  const text =
    statement ??
    (file === undefined
      ? await terminal.readStdin()
      : await readFile(path.resolve(terminal.cwd, file), 'utf8'))
  if (text.trim() === '')
    throw usageFailure(
      'There is no SQL to run.',
      'Give it as an argument, with --file, or on standard input.',
    )
  return text
}

/** Text as psql shows it, one table or command tag a statement; JSON with one entry a statement. */
function show(results: readonly StatementResult[], out: Output): void {
  if (out.format === 'json') {
    out.data(
      results.map(({ command, rowCount, columns, rows }) => ({
        command,
        row_count: rowCount,
        rows: rows.map((row) =>
          Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])),
        ),
      })),
    )
    return
  }
  for (const result of results) {
    if (result.columns.length === 0) out.raw(`${tagOf(result)}\n`)
    else
      out.data(undefined, {
        header: result.columns,
        rows: result.rows.map((row) => row.map((value) => value ?? '')),
      })
  }
}

function tagOf({ command, rowCount }: StatementResult): string {
  return rowCount === null ? command : `${command} ${rowCount}`
}
