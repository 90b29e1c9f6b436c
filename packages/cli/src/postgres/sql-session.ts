// SQL over TLS with a database credential, through the same door as every application. Results are handed on as they arrive, so that their
// size does not matter, and a statement can be cancelled.
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Client, DatabaseError } from 'pg'
import { cancelStatement } from './cancel-statement.ts'
import type { PostgresLogin } from './connection.ts'
import { sqlFailure } from './sql-failure.ts'
import { type SqlReader, StatementStream } from './statement-stream.ts'

export interface SqlSession extends AsyncDisposable {
  /**
   * Runs statements separated by `;`, together in one transaction unless they say otherwise. `input` is the data of COPY … FROM STDIN.
   * Rejects with a Failure worded as psql does.
   */
  run(sql: string, reader: SqlReader, input?: Readable): Promise<void>
  /** Like `run`; gives the rows of each statement, as text. */
  query(sql: string): Promise<readonly Rows[]>
}

type Rows = readonly (readonly (string | null)[])[]

export interface SqlSessionOptions {
  readonly login: PostgresLogin
  readonly database: string
  readonly onNotice: (text: string) => void
  /** When it is aborted, what runs is cancelled. */
  readonly signal: AbortSignal
}

/** How long a cancelled statement may take to end before the connection is cut. */
const CANCEL_MS = 5000

/** What of a client its types leave out. */
interface Internals {
  readonly connection: { readonly stream: { destroy(): void } }
  readonly processID: number
  readonly secretKey: number
}

/** Connects; the session is one connection. */
export async function openSqlSession(options: SqlSessionOptions): Promise<SqlSession> {
  const { login, database, onNotice, signal } = options
  const ca = login.caFile === undefined ? undefined : await readFile(login.caFile, 'utf8')
  const client = new Client({
    host: login.host,
    port: login.port,
    user: login.user,
    password: login.password,
    database,
    application_name: 'lakelet sql',
    ssl: ca === undefined ? true : { ca },
  })
  const internals = client as unknown as Internals
  client.on('notice', (notice) => onNotice(`${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`))
  // A connection lost between statements is reported by the next statement.
  client.on('error', () => {})
  await whileWatched(
    signal,
    () => internals.connection.stream.destroy(),
    '',
    () => client.connect(),
  )
  const cancel = (): void => {
    const cut = setTimeout(() => internals.connection.stream.destroy(), CANCEL_MS)
    client.once('end', () => clearTimeout(cut))
    void cancelStatement(login, ca, internals).catch(() => internals.connection.stream.destroy())
  }
  const run: SqlSession['run'] = (sql, reader, input) =>
    whileWatched(signal, cancel, sql, () => {
      const stream = new StatementStream(sql, reader, input)
      client.query(stream)
      return stream.finished
    })
  return {
    run,
    async query(sql) {
      const collector = new Collector()
      await run(sql, collector)
      return collector.results
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

async function whileWatched<T>(
  signal: AbortSignal,
  onAbort: () => void,
  sql: string,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await work()
  } catch (error) {
    throw error instanceof DatabaseError ? sqlFailure(error, sql) : error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Keeps rows in memory, for statements that give few. */
class Collector implements SqlReader {
  readonly results: Rows[] = []
  #rows: (readonly (string | null)[])[] = []

  columns(): void {}

  row(values: readonly (string | null)[]): void {
    this.#rows.push(values)
  }

  copied(): void {}

  done(): void {
    this.results.push(this.#rows)
    this.#rows = []
  }

  pressure(): undefined {}
}
