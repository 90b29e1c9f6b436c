// The databases that are served, each while somebody asks: a few connections in the gateway's pool, what is known of its schema, and one
// session that listens for NOTIFY pgrst. All of it goes some seconds after the last request, so nothing keeps a compute awake.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Pool, type PoolClient } from 'pg'
import type { Logger } from '../base/log.ts'
import { DataApiError, PGRST } from './errors.ts'
import type { DataApiLogin, ServedDatabase } from './ports.ts'
import { loadSchema } from './schema/load.ts'
import type { SchemaCache } from './schema/model.ts'

/** Connections in the gateway's pool, for each database. */
const CONNECTIONS = 10
/** A sleeping compute wakes within this. */
const CONNECT_MS = 60_000
const IDLE_MS = 10_000
/** A miss reads the schema again, but not more often. */
const RELOAD_EVERY_MS = 1000
/** Requests that wait for a connection; for more there is no room. */
const MOST_WAITING = 500

interface Open {
  readonly key: string
  readonly pool: Pool
  cache: Promise<SchemaCache> | undefined
  loadedAt: number
  listener: Client | undefined
  lastUsed: number
}

export class DataApiDatabases implements AsyncDisposable {
  readonly #login: DataApiLogin
  readonly #log: Logger
  readonly #open = new Map<string, Open>()
  readonly #sweep: NodeJS.Timeout

  constructor(login: DataApiLogin, log: Logger) {
    this.#login = login
    this.#log = log
    this.#sweep = setInterval(() => {
      this.#closeIdle()
    }, 1000)
    this.#sweep.unref()
  }

  /** What is known of the schema, read where nothing is. */
  schema(database: ServedDatabase): Promise<SchemaCache> {
    const open = this.#opened(database)
    open.cache ??= this.#load(open, database)
    return open.cache
  }

  /**
   * Reads the schema again, for a request that began at `since` and missed something and then is
   * tried once more. Not before a second has passed since the last time.
   */
  async reload(database: ServedDatabase, since: number): Promise<void> {
    const open = this.#opened(database)
    const waitMs = open.loadedAt + RELOAD_EVERY_MS - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    // Another request has just had it read.
    if (open.loadedAt > since) return
    open.cache = this.#load(open, database)
    await open.cache
  }

  /** Runs `work` with a connection of the pool. */
  async use<T>(database: ServedDatabase, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const open = this.#opened(database)
    if (open.pool.waitingCount >= MOST_WAITING) {
      throw new DataApiError(PGRST.acquireTimeout, 'Timed out acquiring connection from connection pool.')
    }
    const client = await open.pool.connect().catch((error: unknown) => {
      throw connectionError(error)
    })
    let isBroken = true
    try {
      const result = await work(client)
      isBroken = false
      return result
    } catch (error) {
      isBroken = client.getTransactionStatus() !== 'I'
      throw error
    } finally {
      client.release(isBroken)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    await Promise.all([...this.#open.values()].map((open) => this.#close(open)))
  }

  #opened(database: ServedDatabase): Open {
    const key = `${database.endpointUid} ${database.name} ${database.version}`
    const known = this.#open.get(key)
    if (known) {
      known.lastUsed = performance.now()
      return known
    }
    const pool = new Pool({
      ...this.#settings(database, 'transaction'),
      max: CONNECTIONS,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
    })
    pool.on('error', (error) => this.#log.debug({ err: error }, 'a connection of the Data API ended'))
    const open: Open = {
      key,
      pool,
      cache: undefined,
      loadedAt: -Infinity,
      listener: undefined,
      lastUsed: performance.now(),
    }
    this.#open.set(key, open)
    return open
  }

  #settings({ endpointUid, name }: ServedDatabase, pool: 'transaction' | 'session') {
    const { host, port, ca, password } = this.#login.gateway()
    return {
      host,
      port,
      user: this.#login.role,
      password,
      database: name,
      ssl: { ca, checkServerIdentity: () => undefined },
      application_name: 'lakelet-data-api',
      options: `endpoint=${endpointUid} pool=${pool}`,
    }
  }

  async #load(open: Open, database: ServedDatabase): Promise<SchemaCache> {
    try {
      open.loadedAt = performance.now()
      const listener = open.listener ?? (await this.#listen(open, database))
      return await loadSchema(listener, database.settings.schemas)
    } catch (error) {
      open.cache = undefined
      throw connectionError(error)
    }
  }

  /** Listens before the schema is read, so that no change falls in between. */
  async #listen(open: Open, database: ServedDatabase): Promise<Client> {
    const client = new Client({ ...this.#settings(database, 'session'), connectionTimeoutMillis: CONNECT_MS })
    client.on('error', (error) =>
      this.#log.debug({ err: error }, 'the listening session of the Data API ended'),
    )
    client.on('end', () => {
      if (open.listener !== client) return
      open.listener = undefined
      open.cache = undefined
    })
    client.on('notification', ({ payload = '' }) => {
      if (payload === '' || payload.startsWith('reload')) open.cache = undefined
    })
    await client.connect()
    open.listener = client
    await client.query('LISTEN pgrst')
    return client
  }

  #closeIdle(): void {
    const before = performance.now() - IDLE_MS
    for (const open of this.#open.values()) {
      if (open.lastUsed > before || open.pool.idleCount !== open.pool.totalCount) continue
      void this.#close(open)
    }
  }

  async #close(open: Open): Promise<void> {
    this.#open.delete(open.key)
    const { listener } = open
    open.listener = undefined
    await Promise.allSettled([open.pool.end(), listener?.end()])
  }
}

/** Errors of Postgres stay; a connection that does not come about is PGRST000. */
function connectionError(error: unknown): unknown {
  if (error instanceof DataApiError) return error
  if (error instanceof Error && /timeout exceeded when trying to connect/.test(error.message)) {
    return new DataApiError(PGRST.acquireTimeout, 'Timed out acquiring connection from connection pool.')
  }
  const { code, message } = error as { code?: unknown; message?: string }
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P|28|3D)/.test(code)) return error
  return new DataApiError(PGRST.connection, 'Database connection error. Retrying the connection.', {
    details: message ?? String(error),
  })
}
