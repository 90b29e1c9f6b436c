// The connection of a prompt: opened again with the next statement when the server ended it.
import { Failure } from '../command/failure.ts'
import { type SqlSession, type SqlSessionOptions, openSqlSession } from '../postgres/sql-session.ts'
import type { PostgresLogin } from '../postgres/connection.ts'

export interface LastingSessionOptions extends Pick<
  SqlSessionOptions,
  'onNotice' | 'onNotification' | 'signal'
> {
  /** Address, user and a fresh credential. */
  readonly login: () => Promise<PostgresLogin>
  readonly database: string
  readonly say: (text: string) => void
}

export class LastingSession implements AsyncDisposable {
  database: string
  /** Who and where, as of the last connection. */
  login: PostgresLogin
  readonly #options: LastingSessionOptions
  #session: SqlSession

  private constructor(options: LastingSessionOptions, login: PostgresLogin, session: SqlSession) {
    this.#options = options
    this.database = options.database
    this.login = login
    this.#session = session
  }

  static async open(options: LastingSessionOptions): Promise<LastingSession> {
    const login = await options.login()
    return new LastingSession(options, login, await connect(options, login, options.database))
  }

  /** The session; connects again where the connection is gone. */
  async current(): Promise<SqlSession> {
    if (this.#session.lost) {
      await this.change(this.database)
      this.#options.say('Connected again; settings, temporary tables and an open transaction are gone.\n')
    }
    return this.#session
  }

  /** Whether a statement would need a new connection first. */
  get isLost(): boolean {
    return this.#session.lost !== undefined
  }

  /** Connects to `database`; on a failure the session stays as it is. */
  async change(database: string): Promise<void> {
    const login = await this.#options.login()
    const session = await connect(this.#options, login, database)
    const former = this.#session
    this.#session = session
    this.database = database
    this.login = login
    await former[Symbol.asyncDispose]()
  }

  async cancel(): Promise<void> {
    if (this.#session.lost) return
    await this.#session.cancel().catch((error: unknown) => {
      this.#options.say(`The statement cannot be cancelled (${String(error)}).\n`)
    })
  }

  /** As of `SqlSession`; `lost` where the connection is gone. */
  async transaction(): Promise<'I' | 'T' | 'E' | 'lost'> {
    const transaction = await this.#session.transaction()
    return this.isLost ? 'lost' : transaction
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#session[Symbol.asyncDispose]())
  }
}

function connect(
  options: LastingSessionOptions,
  login: PostgresLogin,
  database: string,
): Promise<SqlSession> {
  return openSqlSession({
    ...options,
    login,
    database,
    onLost: (reason) => {
      const code = 'code' in reason && typeof reason.code === 'string' ? ` (SQLSTATE ${reason.code})` : ''
      options.say(`The connection is gone: ${reason.message}${code}. The next statement connects again.\n`)
    },
  })
}

/** The text for an error of a statement or a command. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const todo = error instanceof Failure && error.todo !== undefined ? `\n${error.todo}` : ''
  return `${message}${todo}\n`
}
