import type { Socket } from 'node:net'
import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { ADMIN_ROLE, OWN_APPLICATION_PREFIX } from './admin-role.ts'
import type { ClusterAddress } from './cluster.ts'
import { findRelease } from './releases.ts'
import { CLUSTER_PORT } from './settings.ts'

/** Longest a server may take to let us in; one that is frozen never does. */
const CONNECT_MS = 10_000
/** Longest that one statement may take when the caller does not say. */
const STATEMENT_MS = 60_000
const END_MS = 1_000

/**
 * What holds for our own sessions whatever `ALTER DATABASE … SET` says, which an owner may use: what the client asks for at the start
 * goes before that (src/backend/utils/misc/guc.c, PGC_S_CLIENT over PGC_S_DATABASE).
 */
const OWN_SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  role: 'none',
  session_authorization: ADMIN_ROLE,
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  synchronous_commit: 'on',
  default_tablespace: '',
  temp_tablespaces: '',
  default_table_access_method: 'heap',
  default_toast_compression: 'pglz',
  row_security: 'on',
  check_function_bodies: 'on',
  createrole_self_grant: '',
  password_encryption: 'scram-sha-256',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  transform_null_equals: 'off',
  array_nulls: 'on',
  bytea_output: 'hex',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  lc_messages: 'C',
  client_min_messages: 'notice',
  max_parallel_workers_per_gather: '0',
}

function ownSettings(major: number): Readonly<Record<string, string>> {
  const lacks = findRelease(major)?.lacks ?? []
  return Object.fromEntries(Object.entries(OWN_SETTINGS).filter(([name]) => !lacks.includes(name)))
}

/** Whom to connect to. */
export type AdminTarget = Pick<ClusterAddress, 'socketDirectory' | 'password' | 'major'>

export interface AdminOptions {
  readonly database?: string
  /** Shows as application name `lakelet_…`. */
  readonly purpose?: string
  /** Longest that a statement may take; then the connection is given up with `compute_unreachable`. 60 s when absent. */
  readonly statementMs?: number
  readonly connectMs?: number
}

/** All that `connectAdmin` needs to make the same connection, in another thread too. */
export interface AdminAddress {
  readonly target: AdminTarget
  readonly options: AdminOptions
}

/** A connection as the bootstrap superuser; disposing ends it. */
export interface AdminConnection extends AsyncDisposable {
  /** How to make another one to the same database. */
  address(): AdminAddress
  /** Another connection to the same cluster, in `database`. */
  open(database: string): Promise<AdminConnection>
  /**
   * Runs `work` in a transaction: committed when it returns, rolled back when it throws. Inside another one it is part of that,
   * so its error must not be caught there.
   */
  transaction<T>(work: () => Promise<T>): Promise<T>
  /** Runs one statement with parameters and returns its rows. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** Runs statements without parameters; several are separated by semicolons and form one implicit transaction. */
  execute(text: string): Promise<void>
}

class SocketConnection implements AdminConnection {
  readonly #client: Client
  readonly #target: AdminTarget
  readonly #options: AdminOptions
  #isInTransaction = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: Client, target: AdminTarget, options: AdminOptions = {}) {
    this.#client = client
    this.#target = target
    this.#options = options
  }

  address(): AdminAddress {
    const { socketDirectory, password, major } = this.#target
    const target = { socketDirectory, major, ...(password === undefined ? {} : { password }) }
    return { target, options: this.#options }
  }

  async open(database: string): Promise<AdminConnection> {
    return connectAdmin(this.#target, { ...this.#options, database })
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isInTransaction) return work()
    await this.execute('BEGIN')
    this.#isInTransaction = true
    try {
      const result = await work()
      await this.execute('COMMIT')
      return result
    } catch (error) {
      await this.execute('ROLLBACK').catch(() => undefined)
      throw error
    } finally {
      this.#isInTransaction = false
    }
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.#inTime(this.#inTurn(() => this.#client.query<Row>(text, [...values])))
    return result.rows
  }

  /** One query after the other: a compute's connection is shared by all who look something up. */
  #inTurn<T>(send: () => Promise<T>): Promise<T> {
    const answer = this.#last.then(send)
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async execute(text: string): Promise<void> {
    await this.#inTime(this.#inTurn(() => this.#client.query(text)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const end = this.#client.end()
    await within(end, END_MS).catch(() => {
      destroy(this.#client)
    })
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const { statementMs = STATEMENT_MS } = this.#options
    try {
      return await within(work, statementMs)
    } catch (error) {
      // What the server still does for a statement that was given up must not be taken for the answer to the next one.
      if (isLakeletError(error)) destroy(this.#client)
      throw error
    }
  }
}

/** Opens an admin connection to a running cluster, in the database `postgres` when none is named. Throws `compute_unreachable` when it does not answer. */
export async function connectAdmin(
  target: AdminTarget,
  options: AdminOptions = {},
): Promise<AdminConnection> {
  const client = new Client({
    host: target.socketDirectory,
    port: CLUSTER_PORT,
    user: ADMIN_ROLE,
    database: options.database ?? 'postgres',
    application_name: `${OWN_APPLICATION_PREFIX}${options.purpose ?? 'admin'}`,
    // The user's environment (PGOPTIONS, PGSSLMODE, PGPASSWORD, ~/.pgpass) has no say here.
    ssl: false,
    password: target.password ?? '',
    options: startupOptions(ownSettings(target.major)),
  })
  // A server that goes away while the connection is idle is noticed by the next query.
  client.on('error', () => undefined)
  try {
    await within(client.connect(), options.connectMs ?? CONNECT_MS)
  } catch (error) {
    destroy(client)
    throw error
  }
  return new SocketConnection(client, target, options)
}

/** As `options` of the startup packet has them: blanks and backslashes escaped (src/backend/utils/init/postinit.c, pg_split_opts). */
function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, String.raw`\$&`)}`)
    .join(' ')
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(
      new LakeletError('compute_unreachable', { reason: `Postgres did not answer within ${ms / 1000} s` }),
    )
  }, ms)
  // Whoever loses the race is no unhandled rejection.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Closes the socket without a word; a query that waits on it fails. */
function destroy(client: Client): void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
  stream.destroy()
}

/** `text` as an SQL identifier. */
export function identifier(text: string): string {
  return escapeIdentifier(text)
}

/** What the sockets of Node say of a server that is not there, or goes away. */
const LOST_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'])

/** Whether the server went away, is starting or ended the session: the statement may or may not have been done. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|57P0[1235])/.test(error.code ?? '')
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  // The driver's own errors have a text only.
  const isDriver = /^(Connection terminated|Client has encountered a connection error|Client was closed)/
  return LOST_CODES.has(code ?? '') || isDriver.test(error.message)
}

/** SQLSTATE of an error that the server sent, undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}
