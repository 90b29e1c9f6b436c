import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { CommandContext } from '../command/context.ts'
import { defineCommand } from '../command/define-command.ts'
import { Failure, exitCodes, usageFailure } from '../command/failure.ts'
import { DATABASE, loginTo } from '../postgres/connection.ts'
import { findEndpoint, momentTargetOf, targetOptions } from '../postgres/endpoint-target.ts'
import { type SqlSession, openSqlSession } from '../postgres/sql-session.ts'
import { openPrompt, personAt } from '../prompt/open-prompt.ts'
import { JsonReader, TextReader } from './sql-output.ts'

export const sql = defineCommand({
  path: ['sql'],
  summary: 'Run SQL in a branch as yourself',
  description:
    'The statements come from the argument, from --file, or from standard input; at a terminal a prompt takes them one by one. They run over TLS with a fresh database credential, like those of any application; psql is not needed. COPY … TO STDOUT writes to standard output, and COPY … FROM STDIN reads standard input, whatever their size. With -o json numbers, booleans, json, arrays and NULL keep their type; a number that JSON readers would round is a string.',
  arguments: { statement: { summary: 'the SQL to run', optional: true } },
  options: {
    file: { short: 'f', value: 'FILE', summary: 'read the SQL from this file' },
    target: {
      value: 'TARGET',
      summary:
        'id of the branch, or projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]; with @TIME, @-5m or @LSN behind it as it was then',
    },
    ...targetOptions,
    database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
  },
  examples: [
    { run: 'lakelet sql "SELECT content FROM notes"', does: 'asks the only project there is' },
    { run: 'lakelet sql', does: 'opens a prompt' },
    { run: 'lakelet sql --project my-app-db --branch dev < schema.sql', does: 'runs a file in branch dev' },
    {
      run: 'lakelet sql --branch production@-5m "SELECT content FROM notes"',
      does: 'asks what it was five minutes ago',
    },
  ],
  async handler(context, { arguments: { statement }, options }) {
    const isTyped = statement === undefined && options.file === undefined
    const person =
      isTyped && context.out.format === 'text' && !context.out.isField ? personAt(context) : undefined
    const text = person ? '' : await readStatements(context, statement, options.file)
    const { announce } = await context.workspace()
    announce()
    const { target, moment } = momentTargetOf(options.target, options)
    const endpoint = await findEndpoint(context, target)
    if (person) {
      await openPrompt(context, endpoint, { database: options.database, moment }, person)
      return
    }
    const login = await loginTo(context, endpoint, moment)
    await using session = await openSqlSession({
      login,
      database: options.database,
      onNotice: (notice) => context.out.note(notice),
      signal: context.signal,
    })
    const input = isTyped ? undefined : context.terminal.stdin
    await (context.out.format === 'json' || context.out.isField
      ? runAsJson(context, session, text, input)
      : runAsText(context, session, text, input))
  },
})

async function runAsText(
  { terminal, out }: CommandContext,
  session: SqlSession,
  text: string,
  input: Readable | undefined,
): Promise<void> {
  const reader = new TextReader({ out, pressure: () => terminal.outputPressure?.() })
  try {
    await session.run(text, reader, input)
  } finally {
    reader.flush()
  }
}

async function runAsJson(
  { terminal, out }: CommandContext,
  session: SqlSession,
  text: string,
  input: Readable | undefined,
): Promise<void> {
  if (COPY_OUT.test(text))
    throw usageFailure('COPY … TO STDOUT has a format of its own.', 'Leave -o json and --field out.')
  let whole = ''
  const write = out.isField ? (part: string) => (whole += part) : (part: string) => out.raw(part)
  const reader = new JsonReader(write, () => terminal.outputPressure?.())
  await session.run(text, reader, input)
  reader.end()
  if (out.isField) out.data(JSON.parse(whole))
}

const COPY_OUT = /\bcopy\b[^;]*\bto\s+stdout\b/i

async function readStatements(
  { terminal, out }: CommandContext,
  statement: string | undefined,
  file: string | undefined,
): Promise<string> {
  if (statement !== undefined && file !== undefined)
    throw usageFailure('Give the SQL as an argument or with --file, not both.')
  if (statement === undefined && file === undefined && terminal.stdin?.isTTY)
    out.note('Type SQL and end it with Ctrl-D.')
  const text =
    statement ??
    (file === undefined
      ? await terminal.readStdin()
      : await readFile(path.resolve(terminal.cwd, file), 'utf8').catch((cause: unknown) => {
          throw new Failure(`${file} cannot be read.`, { exitCode: exitCodes.usage, cause })
        }))
  if (text.trim() === '')
    throw usageFailure(
      'There is no SQL to run.',
      'Give it as an argument, with --file, or on standard input.',
    )
  return text
}
