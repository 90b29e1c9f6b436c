// SQL over TLS with a database credential, through the same door as every application. Results are handed on as they arrive, so that their
// size does not matter, and a statement can be cancelled.
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Client, DatabaseError, type Notification } from 'pg'
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
  /** Asks the server to cancel what runs, which then fails with SQLSTATE 57014. */
  cancel(): Promise<void>
  /** `I` outside of a transaction, `T` in one, `E` in one that failed; after the server has ended what ran before, also with an error. */
  transaction(): Promise<'I' | 'T' | 'E'>
  /** Why the connection is gone; undefined while it is there. */
  readonly lost: Error | undefined
}

type Rows = readonly (readonly (string | null)[])[]

export interface SqlSessionOptions {
  readonly login: PostgresLogin
  readonly database: string
  readonly onNotice: (text: string) => void
  /** What NOTIFY sent on a channel that the session listens on. */
  readonly onNotification?: (notification: Notification) => void
  /** Called once when the connection ends without having been closed here. */
  readonly onLost?: (reason: Error) => void
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
  readonly readyForQuery: boolean
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
    ...(login.options === undefined ? {} : { options: login.options }),
    ssl: ca === undefined ? true : { ca },
  })
  const internals = client as unknown as Internals
  client.on('notice', (notice) => onNotice(`${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`))
  if (options.onNotification) client.on('notification', options.onNotification)
  const loss = new Loss(client, options.onLost)
  await whileWatched(
    signal,
    () => internals.connection.stream.destroy(),
    '',
    () => client.connect(),
  )
  const cancel = () => cancelStatement(login, ca, internals)
  const cancelSoon = (): void => {
    const cut = setTimeout(() => internals.connection.stream.destroy(), CANCEL_MS)
    client.once('end', () => clearTimeout(cut))
    void cancel().catch(() => internals.connection.stream.destroy())
  }
  const run: SqlSession['run'] = (sql, reader, input) =>
    whileWatched(signal, cancelSoon, sql, () => {
      const stream = new StatementStream(sql, reader, input)
      client.query(stream)
      return stream.finished
    })
  return {
    run,
    cancel,
    async query(sql) {
      const collector = new Collector()
      await run(sql, collector)
      return collector.results
    },
    async transaction() {
      if (!internals.readyForQuery && !loss.reason) await loss.orReady()
      return client.getTransactionStatus() ?? 'I'
    },
    get lost() {
      return loss.reason
    },
    async [Symbol.asyncDispose]() {
      loss.expect()
      await client.end()
    },
  }
}

/** Knows when a connection is gone, and why; one that is lost between statements fails nothing by itself. */
class Loss {
  reason: Error | undefined
  #isExpected = false
  readonly #client: Client

  constructor(client: Client, tell: ((reason: Error) => void) | undefined) {
    this.#client = client
    let last: Error | undefined
    client.on('error', (error) => (last ??= error))
    client.on('end', () => {
      this.reason = last ?? new Error('the server closed the connection')
      if (!this.#isExpected) tell?.(this.reason)
    })
  }

  expect(): void {
    this.#isExpected = true
  }

  /** Resolves when the connection takes the next statement, or is gone. */
  orReady(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#client.off('drain', done)
        this.#client.off('end', done)
        resolve()
      }
      this.#client.on('drain', done)
      this.#client.on('end', done)
    })
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
