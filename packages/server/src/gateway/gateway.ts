// The Postgres front door: one listener for all endpoints. Stages of a connection are in `session.ts`, what the gateway needs
// from the rest of the workspace in `ports.ts`.
import { randomBytes, X509Certificate } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { tlsServerEndPoint } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { CancelRequests } from './cancel-requests.ts'
import { FailureDelays } from './failure-delays.ts'
import { ConnectionCounter, defaultLimits, type GatewayLimits } from './limits.ts'
import type { GatewayPorts } from './ports.ts'
import { Session, type SessionContext, type SessionInfo } from './session.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 = any free port. A busy port rejects with the system's EADDRINUSE. */
  readonly port: number
  /** PEM. The certificate may be followed by those that signed it. */
  readonly tls: { readonly certificate: string; readonly key: string }
  readonly ports: GatewayPorts
  readonly clock: Clock
  readonly logger: Logger
  readonly limits?: Partial<GatewayLimits>
}

const KEEP_ALIVE_MS = 60_000
const SWEEP_MS = 30_000

/** Listens until disposed; disposing drains: no new connections, then `drainMs` for clients to leave, then 57P01. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const limits = { ...defaultLimits, ...options.limits }
  const { ports, clock, tls } = options
  const logger = options.logger.child({ component: 'gateway' })
  const context: SessionContext = {
    ports,
    limits,
    clock,
    logger,
    secureContext: createSecureContext({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }),
    authentication: {
      verifier: ports,
      clock,
      mockSecret: randomBytes(32),
      channelBinding: tlsServerEndPoint(new X509Certificate(tls.certificate).raw),
    },
    cancels: new CancelRequests(clock, logger, limits.wrongCancelsPerMinute),
    failures: new FailureDelays(clock),
    counters: {
      all: new ConnectionCounter(limits.maxConnections, 'to this workspace'),
      endpoint: new ConnectionCounter(limits.maxConnectionsPerEndpoint, 'to this endpoint'),
      address: new ConnectionCounter(limits.maxConnectionsPerAddress, 'from this address'),
    },
  }
  // Half-open: a client that closed its sending side still gets its answers.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const gateway = new Gateway(server, context)
  await listen(server, options.host, options.port)
  return gateway
}

export class Gateway implements AsyncDisposable {
  readonly #server: Server
  readonly #context: SessionContext
  readonly #sessions = new Set<Session>()
  /** Those that have not logged in, the oldest first. */
  readonly #strangers = new Set<Session>()
  readonly #stopping = new AbortController()
  readonly #sweeping: Promise<void>
  #stopped: Promise<void> | undefined

  constructor(server: Server, context: SessionContext) {
    this.#server = server
    this.#context = context
    server.on('connection', (socket: Socket) => this.#accept(socket))
    // A failed accept (no file descriptors left) is passing; the listener stays.
    server.on('error', (error) => context.logger.warn({ err: error }, 'accept a connection'))
    this.#sweeping = this.#sweep()
  }

  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return { host: '', port: 0 }
    return { host: address.address, port: address.port }
  }

  /** Who is connected, or about to be. */
  get sessions(): readonly SessionInfo[] {
    return [...this.#sessions].map((session) => session.info)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  #accept(socket: Socket): void {
    this.#makeRoom()
    const session = new Session(socket, this.#context)
    this.#sessions.add(session)
    this.#strangers.add(session)
    void session.admitted.then(() => this.#strangers.delete(session))
    void session.ended.finally(() => this.#sessions.delete(session))
  }

  /** A login takes milliseconds, so among too many strangers the oldest is the one that will never log in. */
  #makeRoom(): void {
    const [oldest] = this.#strangers
    if (!oldest || this.#strangers.size < this.#context.limits.maxUnauthenticated) return
    this.#strangers.delete(oldest)
    oldest.drop()
  }

  /** Retires connections that were idle or open for longer than Lakebase allows. */
  async #sweep(): Promise<void> {
    const { clock, limits } = this.#context
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal).catch(() => {})
      for (const session of this.#sessions) {
        const reason = reasonToRetire(session, limits)
        if (reason) void session.terminate(new LakeletError('connection_retired', { reason }))
      }
    }
  }

  async #stop(): Promise<void> {
    const { clock, limits } = this.#context
    this.#stopping.abort()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const left = new AbortController()
    const everyone = Promise.all([...this.#sessions].map((session) => session.ended)).then(() => left.abort())
    await clock.sleep(limits.drainMs, left.signal).catch(() => {})
    const late = new AbortController()
    void clock.sleep(limits.stopMs, late.signal).then(
      () => this.#cutAll(),
      () => {},
    )
    await Promise.all(
      [...this.#sessions].map((session) => session.terminate(new LakeletError('gateway_stopping'))),
    )
    late.abort()
    await Promise.all([closed, everyone, this.#sweeping])
  }

  #cutAll(): void {
    this.#context.logger.warn({ sessions: this.#sessions.size }, 'sessions did not end in time and were cut')
    for (const session of this.#sessions) session.cut()
  }
}

/** Quiet for a moment, so that nobody is cut off in the middle of an answer. */
const QUIET_BEFORE_RETIRING_MS = 5_000

function reasonToRetire(session: Session, limits: GatewayLimits): string | undefined {
  if (session.quietMs >= limits.idleTimeoutMs) return 'idle for too long'
  if (session.ageMs >= limits.maxLifetimeMs && session.quietMs >= QUIET_BEFORE_RETIRING_MS)
    return 'open for too long'
  return undefined
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
