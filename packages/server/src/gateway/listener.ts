// The connections of one thread: accepts them and runs their sessions. A gateway has one listener in its own thread, or one in each worker.
import { X509Certificate } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { tlsServerEndPoint } from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { type ErrorData, errorFromData, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { CancelKey } from './cancel-keys.ts'
import { CancelRequests } from './cancel-requests.ts'
import type {
  BackendAddress,
  GatewayCommands,
  GatewayControl,
  ParkResult,
  SessionInfo,
  TlsIdentity,
} from './control.ts'
import type { GatewayLimits } from './limits.ts'
import { Pools } from './pool/pools.ts'
import { ParkedMemory } from './parking/parked-memory.ts'
import { parkSessions, reviveListening } from './parking/park-sessions.ts'
import { SessionReports } from './session-reports.ts'
import { Session, type SessionContext } from './session.ts'
import type { SharedState } from './shared.ts'

/** What can be handed to another thread. */
export interface ListenerSettings {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Whether other listeners of this process may take the port too; the system then deals out connections. */
  readonly sharesPort: boolean
  readonly tls: TlsIdentity
  readonly mockSecret: Uint8Array
  readonly limits: GatewayLimits
  /** How many threads listen. */
  readonly threads: number
}

export interface ListenerOptions extends ListenerSettings {
  readonly control: GatewayControl
  readonly shared: SharedState
  readonly clock: Clock
  readonly logger: Logger
}

const KEEP_ALIVE_MS = 60_000

/** Listens until stopped; a busy port rejects with the system's EADDRINUSE. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  // Half-open: a client that closed its sending side still gets its answers.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const listener = new Listener(server, contextOf(options))
  await listen(server, options)
  return listener
}

function contextOf({
  tls,
  mockSecret,
  limits,
  threads,
  control,
  shared,
  clock,
  logger,
}: ListenerOptions): SessionContext {
  return {
    control,
    shared,
    limits,
    clock,
    logger,
    mockSecret,
    ...presenting(tls),
    cancels: new CancelRequests(shared),
    reports: new SessionReports(control),
    pools: new Pools({ control, limits, clock, logger, threads }),
    parkedMemory: new ParkedMemory(limits.parkedBytes / threads),
  }
}

/** What new connections are shown, and what they bind their passwords to. */
function presenting(tls: TlsIdentity): Pick<SessionContext, 'secureContext' | 'channelBinding'> {
  return {
    secureContext: createSecureContext({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }),
    channelBinding: tlsServerEndPoint(new X509Certificate(tls.certificate).raw),
  }
}

export class Listener implements GatewayCommands {
  readonly #server: Server
  #context: SessionContext
  readonly #sessions = new Map<string, Session>()
  /** Those that have not logged in, the oldest first. */
  readonly #strangers = new Set<Session>()

  constructor(server: Server, context: SessionContext) {
    this.#server = server
    this.#context = context
    server.on('connection', (socket: Socket) => this.#accept(socket))
    // A failed accept (no file descriptors left) is passing; the listener stays.
    server.on('error', (error) => context.logger.warn({ err: error }, 'accept a connection'))
  }

  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return { host: '', port: 0 }
    return { host: address.address, port: address.port }
  }

  async sessions(): Promise<readonly SessionInfo[]> {
    return Array.from(this.#sessions.values(), (session) => session.info)
  }

  park(endpoint: string, deadlineMs: number): Promise<ParkResult> {
    return parkSessions(this.#of(endpoint), endpoint, { ...this.#context, deadlineMs })
  }

  async settle(endpoint: string, outcome: 'parked' | 'released'): Promise<void> {
    await Promise.all(this.#of(endpoint).map(async ({ parking }) => parking?.settle(outcome)))
    if (outcome === 'parked') this.#context.pools.park(endpoint)
  }

  revive(endpoint: string, address: BackendAddress, deadlineMs: number): Promise<void> {
    return reviveListening(this.#of(endpoint), address, { ...this.#context, deadlineMs })
  }

  async retire(ids: readonly string[], reason: ErrorData): Promise<void> {
    const error = errorFromData(reason)
    const sessions = ids.flatMap((id) => this.#sessions.get(id) ?? [])
    await Promise.all(sessions.map((session) => session.terminate(error)))
  }

  async useCertificate(tls: TlsIdentity): Promise<void> {
    this.#context = { ...this.#context, ...presenting(tls) }
  }

  /** False when the key is of no session here. */
  cancel(key: CancelKey): Promise<boolean> {
    return this.#context.cancels.cancel(key)
  }

  async stop(drainMs: number): Promise<void> {
    const { clock, limits, reports } = this.#context
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const sessions = [...this.#sessions.values()]
    const left = new AbortController()
    const everyone = Promise.all(sessions.map((session) => session.ended)).then(() => left.abort())
    await clock.sleep(drainMs, left.signal).catch(() => {})
    const ended = new AbortController()
    void clock.sleep(limits.stopMs, ended.signal).then(
      () => this.#cutAll(),
      () => {},
    )
    const reason = new LakeletError('gateway_stopping')
    await Promise.all([...this.#sessions.values()].map((session) => session.terminate(reason)))
    ended.abort()
    this.#context.pools.stop()
    await Promise.all([closed, everyone])
    reports.flush()
  }

  #of(endpoint: string): readonly Session[] {
    return [...this.#sessions.values()].filter((session) => session.isOf(endpoint))
  }

  #accept(socket: Socket): void {
    this.#makeRoom()
    const session = new Session(socket, this.#context)
    this.#sessions.set(session.id, session)
    this.#strangers.add(session)
    void session.admitted.then(() => this.#strangers.delete(session))
    void session.ended.finally(() => this.#sessions.delete(session.id))
  }

  /** A login takes milliseconds, so among too many strangers the oldest is the one that will never log in. */
  #makeRoom(): void {
    const [oldest] = this.#strangers
    if (!oldest || this.#strangers.size < this.#context.limits.maxUnauthenticated) return
    this.#strangers.delete(oldest)
    oldest.drop()
  }

  #cutAll(): void {
    this.#context.logger.warn({ sessions: this.#sessions.size }, 'sessions did not end in time and were cut')
    for (const session of this.#sessions.values()) session.cut()
  }
}

function listen(server: Server, { host, port, sharesPort }: ListenerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, reusePort: sharesPort }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
