import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import type { Cluster } from './cluster.ts'
import { CLUSTER_PORT } from './settings.ts'

/** The bootstrap superuser of every cluster; only Lakelet itself logs in as it. */
export const ADMIN_ROLE = 'cloud_admin'

/** Applications of this name prefix are Lakelet's own and do not count as activity. */
export const OWN_APPLICATION_PREFIX = 'lakelet_'

/** A connection as the bootstrap superuser; disposing ends it. */
export class AdminConnection implements AsyncDisposable {
  readonly #client: Client
  readonly #cluster: Pick<Cluster, 'socketDirectory'>
  #isInTransaction = false

  constructor(client: Client, cluster: Pick<Cluster, 'socketDirectory'>) {
    this.#client = client
    this.#cluster = cluster
  }

  /** Another connection to the same cluster, in `database`. */
  async open(database: string): Promise<AdminConnection> {
    return connectAdmin(this.#cluster, { database })
  }

  /**
   * Runs `work` in a transaction: committed when it returns, rolled back when it throws. Inside another one it is part of that,
   * so its error must not be caught there.
   */
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

  /** Runs one statement with parameters and returns its rows. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.#client.query<Row>(text, [...values])
    return result.rows
  }

  /** Runs statements without parameters; several are separated by semicolons and form one implicit transaction. */
  async execute(text: string): Promise<void> {
    await this.#client.query(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}

/** Opens an admin connection to `database` of a running cluster. `purpose` shows as application name `lakelet_…`. */
export async function connectAdmin(
  cluster: Pick<Cluster, 'socketDirectory'>,
  options: { readonly database?: string; readonly purpose?: string } = {},
): Promise<AdminConnection> {
  const client = new Client({
    host: cluster.socketDirectory,
    port: CLUSTER_PORT,
    user: ADMIN_ROLE,
    database: options.database ?? 'postgres',
    application_name: `${OWN_APPLICATION_PREFIX}${options.purpose ?? 'admin'}`,
    // The user's environment (PGOPTIONS, PGSSLMODE, PGPASSWORD, ~/.pgpass) has no say here.
    ssl: false,
    password: '',
    options: '-c search_path=pg_catalog',
  })
  // A server that goes away while the connection is idle is noticed by the next query.
  client.on('error', () => undefined)
  await client.connect()
  return new AdminConnection(client, cluster)
}

/** `text` as an SQL identifier. */
export function identifier(text: string): string {
  return escapeIdentifier(text)
}

/** `text` as an SQL literal. */
export function literal(text: string): string {
  return escapeLiteral(text)
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
