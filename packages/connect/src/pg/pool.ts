// A genuine pg.Pool, made to live with Lakebase: connections come from the connector, grow old one by one, are checked
// after they were idle for long, and do not take the process with them when they drop.
import pg from 'pg'
import type { PoolClient, PoolConfig } from 'pg'
import { LakebaseError } from '../errors.ts'
import { LakebaseSocket } from '../dial/lakebase-socket.ts'
import type { Connector } from '../connector-types.ts'

// oxlint-disable-next-line import/no-named-as-default-member -- older releases of pg are CommonJS without names that an import could see
const { Pool } = pg

/** 45 minutes: far from every limit of the platform, and what its own samples use. */
const MAX_LIFETIME_SECONDS = 2700
const LIFETIME_JITTER = 0.1
const PING_AFTER_IDLE_MS = 30_000
const PING_TIMEOUT_MS = 1000
const IDLE_TIMEOUT_MS = 30_000

/** What the pool does beyond pg's own options. */
export interface PoolLife {
  /** Checked with an empty query at checkout after so much idleness, in ms. Default 30000; 0 checks every time. */
  pingAfterIdleMs?: number | undefined
  /** Default 1000. */
  pingTimeoutMs?: number | undefined
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void

/** The pool that `createPool` makes. `end()` closes its connector too, unless that was given. */
export class LakebasePool extends Pool {
  readonly connector: Connector
  readonly #ownsConnector: boolean
  readonly #pingAfterIdleMs: number
  readonly #pingTimeoutMs: number
  readonly #idleSince = new WeakMap<PoolClient, number>()

  constructor(config: PoolConfig, connector: Connector, ownsConnector: boolean, life: PoolLife = {}) {
    super({ idleTimeoutMillis: IDLE_TIMEOUT_MS, maxLifetimeSeconds: MAX_LIFETIME_SECONDS, ...config })
    this.connector = connector
    this.#ownsConnector = ownsConnector
    this.#pingAfterIdleMs = life.pingAfterIdleMs ?? PING_AFTER_IDLE_MS
    this.#pingTimeoutMs = life.pingTimeoutMs ?? PING_TIMEOUT_MS
    jitterLifetime(this.options)
    // Without listeners a dropped connection would end the process. The next query on it rejects, which is enough.
    this.on('error', ignore)
    this.on('connect', (client) => void client.on('error', ignore))
    this.on('release', (_error, client) => {
      if (client) this.#idleSince.set(client, performance.now())
    })
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (callback) {
      this.#checkOut(callback)
      return
    }
    return new Promise((resolve, reject) => {
      this.#checkOut((error, client) => {
        if (client) resolve(client)
        else reject(error ?? new Error('no client'))
      })
    })
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: () => void): Promise<void> | void {
    const ended = super.end().then(async () => {
      if (this.#ownsConnector) await this.connector.close()
    })
    if (!callback) return ended
    ended.then(
      () => process.nextTick(callback),
      () => process.nextTick(callback),
    )
  }

  /** `await using pool = createPool()`: ends the pool, and cuts what is still borrowed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.ending ? Promise.resolve() : super.end()
    if (this.#ownsConnector) await this.connector.close()
    // Clients that were never given back would be waited for for ever.
    if (this.totalCount === this.idleCount) await ended
  }

  /** A client that works: one that was idle for long proves it first, and is replaced when it does not. */
  #checkOut(callback: ConnectCallback): void {
    super.connect((error, client, done) => {
      const idleSince = client && this.#idleSince.get(client)
      if (!client || idleSince === undefined || performance.now() - idleSince < this.#pingAfterIdleMs) {
        callback(error, client, done)
        return
      }
      this.#ping(client, (isAlive) => {
        if (isAlive) {
          callback(undefined, client, done)
          return
        }
        done(new LakebaseError('CONNECT_FAILED', 'the idle connection did not answer; it is replaced'))
        this.#checkOut(callback)
      })
    })
  }

  /** An empty query: it costs a round trip and touches nothing. */
  #ping(client: PoolClient, callback: (isAlive: boolean) => void): void {
    const timer = setTimeout(() => streamOf(client)?.destroy(), this.#pingTimeoutMs)
    // Destroying the stream settles the query.
    client.query('', (error: Error | undefined) => {
      clearTimeout(timer)
      callback(!error)
    })
  }
}

/**
 * Every client gets its own limit, up to a tenth shorter, so that connections opened together do not end together.
 * pg-pool reads the option once per client and ends an expired one only when it is idle or given back.
 */
function jitterLifetime(options: { maxLifetimeSeconds?: number }): void {
  const seconds = options.maxLifetimeSeconds ?? 0
  if (seconds <= 0) return
  Object.defineProperty(options, 'maxLifetimeSeconds', {
    enumerable: true,
    configurable: true,
    get: () => seconds * (1 - LIFETIME_JITTER * Math.random()),
  })
}

function streamOf(client: PoolClient): LakebaseSocket | undefined {
  const { connection } = client as unknown as { connection?: { stream?: unknown } }
  return connection?.stream instanceof LakebaseSocket ? connection.stream : undefined
}

function ignore(): void {}
