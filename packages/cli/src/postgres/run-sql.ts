// SQL over TLS with a database credential, through the same door as every application.
import { readFile } from 'node:fs/promises'
import { Client, DatabaseError, type QueryArrayResult } from 'pg'
import { Failure, exitCodes } from '../command/failure.ts'
import type { PostgresLogin } from './connection.ts'

/** What one statement gave. */
export interface StatementResult {
  /** First word of the command tag: SELECT, INSERT, CREATE … */
  readonly command: string
  readonly rowCount: number | null
  readonly columns: readonly string[]
  /** Values as text, as Postgres writes them. */
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface SqlSession extends AsyncDisposable {
  /** Runs statements separated by `;`, together in one transaction unless they say otherwise. */
  run(sql: string): Promise<readonly StatementResult[]>
}

export interface SqlSessionOptions {
  readonly login: PostgresLogin
  readonly database: string
  readonly onNotice: (text: string) => void
}

/** Connects; the session is one connection. */
export async function openSqlSession({ login, database, onNotice }: SqlSessionOptions): Promise<SqlSession> {
  const client = new Client({
    host: login.host,
    port: login.port,
    user: login.user,
    password: login.password,
    database,
    application_name: 'lakelet sql',
    ssl: login.caFile === undefined ? true : { ca: await readFile(login.caFile, 'utf8') },
    // Values stay the text that Postgres sent.
    types: { getTypeParser: () => (value: string | Buffer) => String(value) },
  })
  client.on('notice', (notice) => onNotice(`${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`))
  // A connection lost between statements is reported by the next statement.
  client.on('error', () => {})
  await explained(() => client.connect())
  return {
    run: (sql) =>
      explained(async () => {
        const results: unknown = await client.query({ text: sql, rowMode: 'array' })
        return (Array.isArray(results) ? results : [results]).map((each) =>
          resultOf(each as QueryArrayResult),
        )
      }),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

function resultOf(result: QueryArrayResult): StatementResult {
  return {
    command: result.command,
    rowCount: result.rowCount,
    columns: result.fields.map(({ name }) => name),
    rows: result.rows as (string | null)[][],
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw sqlFailure(error)
  }
}

/** Words the error as psql does: severity, message, detail, hint. */
function sqlFailure(error: DatabaseError): Failure {
  const lines = [
    `${error.severity ?? 'ERROR'}: ${error.message} (SQLSTATE ${error.code ?? 'unknown'})`,
    error.detail && `DETAIL: ${error.detail}`,
    error.hint && `HINT: ${error.hint}`,
    error.position && `POSITION: character ${error.position}`,
  ]
  const isLogin = error.code?.startsWith('28') ?? false
  return new Failure(lines.filter((line) => line).join('\n'), {
    exitCode: isLogin ? exitCodes.unauthenticated : exitCodes.failure,
    cause: error,
  })
}
