// oxlint-disable max-lines -- the stages of a connection share what it has, and are read one after the other
// One client from accept to end, through its stages: encryption and first packet (accept.ts), startup (startup.ts), route and authenticate
// (log-in.ts), wake and dial (connect-compute.ts), relay (relay.ts). One signal ends whatever stage it is in: the client left, a deadline
// passed, the gateway stops.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { encodeStartup } from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { acceptClient, type FirstPacket, NotPostgresError } from './accept.ts'
import type { CancelRequests } from './cancel-requests.ts'
import { ClientConnection, ClientGoneError } from './client-connection.ts'
import { type Backend, BackendRefusedError } from './connect-compute.ts'
import type { AuthKind, ParkRefusal, SessionInfo, SessionStage } from './control.ts'
import { dial, type Dialer, tooLate } from './dial.ts'
import { HintedErrors } from './hinted-errors.ts'
import type { GatewayLimits } from './limits.ts'
import { type Login, logIn, type LoginContext } from './log-in.ts'
import { openPooled } from './pool/pooled-session.ts'
import type { PooledRelay } from './pool/pooled-relay.ts'
import type { Pools } from './pool/pools.ts'
import type { ParkedMemory } from './parking/parked-memory.ts'
import { SessionParking } from './parking/session-parking.ts'
import { fatal, refusalOf } from './refusal.ts'
import type { Relay, RelayEnd } from './relay.ts'
import { cutName, endOf, loginFacts, parkRefusalOf, poolFacts, whoOf } from './session-facts.ts'
import type { SessionReports } from './session-reports.ts'
import { activityOf, startRelay } from './start-relay.ts'
import { forwardedParameters, isReplication, readStartup, type Startup } from './startup.ts'
import { judgeOf, travel } from './travel.ts'

/** What all sessions of a thread have in common. */
export interface SessionContext extends LoginContext {
  readonly limits: GatewayLimits
  readonly logger: Logger
  readonly secureContext: SecureContext
  readonly cancels: CancelRequests
  readonly reports: SessionReports
  readonly pools: Pools
  readonly parkedMemory: ParkedMemory
}

/** read_only_sql_transaction */
const READ_ONLY_HINT =
  'This is the past, which nobody can change. Make a branch of it to write to: lakelet branch restore BRANCH --time TIME.'
/** For a refusal whose SQLSTATE nobody named (internal_error). */
const UNKNOWN_SQLSTATE = 'XX000'

export class Session {
  readonly id = randomUUID()
  /** Resolves when the client has logged in, or is gone. */
  readonly admitted: Promise<void>
  /** Resolves when everything of the session is closed. */
  readonly ended: Promise<void>
  readonly #context: SessionContext
  readonly #client: ClientConnection
  readonly #life = new AbortController()
  readonly #admitted = Promise.withResolvers<void>()
  readonly #since: Date
  readonly #startedMs: number
  #stage: SessionStage = 'handshake'
  #startup: Startup | undefined
  #login: Login | undefined
  #asked: AuthKind | undefined
  #connectMs: number | undefined
  #processId: number | undefined
  #relay: Relay | PooledRelay | undefined
  #parking: SessionParking | undefined
  /** Why we ended it. */
  #endedFor: LakeletError | undefined

  constructor(socket: Socket, context: SessionContext) {
    this.#context = context
    this.#since = context.clock.now()
    this.#startedMs = context.clock.monotonicMs()
    this.#client = new ClientConnection(socket, context.clock)
    this.admitted = this.#admitted.promise
    this.ended = this.#run()
  }

  get info(): SessionInfo {
    const state = this.#stage === 'relaying' ? this.#relay?.state : undefined
    return {
      id: this.id,
      address: this.#client.address,
      since: this.#since,
      stage: this.parking?.stage ?? this.#stage,
      moves: this.#relay?.moves ?? 0,
      bytes: this.#relay?.bytes ?? { fromClient: 0, toClient: 0 },
      ...(this.parkRefusal ? { parkRefusal: this.parkRefusal } : {}),
      ...(this.#relay && this.#stage === 'relaying'
        ? { idleMs: this.#elapsedMs(this.#relay.lastBytesMs) }
        : {}),
      ...(state ? { state } : {}),
      ...poolFacts(this.#relay),
      ...this.#names(),
      ...(this.parking?.parkedBytes === undefined ? {} : { parkedBytes: this.parking.parkedBytes }),
      ...loginFacts(this.#login),
      ...(this.#connectMs === undefined ? {} : { connectMs: this.#connectMs }),
      ...(this.#processId === undefined ? {} : { processId: this.#processId }),
    }
  }

  /** Why its backend cannot be taken away from it now, as far as is known. */
  get parkRefusal(): ParkRefusal | undefined {
    if (this.#stage !== 'relaying' || !this.#relay) return 'connecting'
    return this.#parking ? this.#parking.refusal : parkRefusalOf(this.#relay)
  }

  /** Present while it has a backend of its own, or had one. */
  get parking(): SessionParking | undefined {
    return this.#stage === 'relaying' ? this.#parking : undefined
  }

  /** Whether it belongs to an endpoint. */
  isOf(endpoint: string): boolean {
    return this.#login?.located.endpoint.id === endpoint
  }

  /** Ends the session, telling the client why. */
  async terminate(reason: LakeletError): Promise<void> {
    this.#endedFor ??= reason
    if (this.#relay) await this.#relay.terminate(fatal(reason))
    else this.#life.abort(reason)
    await this.ended
  }

  /** Closes a connection that has not logged in, without a word, so that another can be taken. */
  drop(): void {
    this.#life.abort(new NotPostgresError('closed to make room: it had not logged in'))
  }

  /** Lets go of everything at once: for what does not end within the deadline of a stop. */
  cut(): void {
    this.#life.abort(new ClientGoneError())
    this.#relay?.cut()
    this.#client.stream.destroy()
  }

  async #run(): Promise<void> {
    const client = this.#client
    const onGone = () => this.#life.abort(client.gone.reason)
    if (client.gone.aborted) onGone()
    else client.gone.addEventListener('abort', onGone, { once: true })
    try {
      const packet = await this.#accept()
      if (packet.type === 'cancelRequest') await this.#context.cancels.handle(packet, client.address)
      else await this.#serve(readStartup(packet, client))
    } catch (error) {
      await this.#refuse(error)
    } finally {
      this.#stage = 'closing'
      this.#admitted.resolve()
      this.#life.abort(new ClientGoneError())
      await client.close()
    }
  }

  async #accept(): Promise<FirstPacket> {
    const { limits, secureContext } = this.#context
    using _deadline = this.#deadline(
      limits.handshakeTimeoutMs,
      new NotPostgresError('no startup packet in time'),
    )
    return await acceptClient(this.#client, secureContext, this.#life.signal)
  }

  async #serve(startup: Startup): Promise<void> {
    const { shared, control } = this.#context
    this.#stage = 'login'
    this.#startup = startup
    const login = await this.#logIn(startup)
    const { endpoint } = login.located
    try {
      // Places are for who is let in: those who never log in must not take them.
      const { isPooled } = startup
      await shared.admit(this.id, { endpoint: endpoint.id, address: this.#client.address, isPooled })
      this.#admitted.resolve()
      this.#stage = 'waking'
      this.#login = login
      const end = isPooled
        ? await this.#runPooled(startup, login)
        : await this.#runRelay(startup, await this.#connect(startup, login), login)
      this.#log('session closed', {
        ...whoOf(startup.role, login),
        ...endOf(end, this.#endedFor, this.#relay?.bytes),
        connectMs: this.#connectMs,
        durationMs: this.#elapsedMs(this.#startedMs),
      })
    } finally {
      control.release(this.id)
      shared.leave(this.id)
    }
  }

  async #logIn(startup: Startup): Promise<Login> {
    using _deadline = this.#deadline(
      this.#context.limits.authenticationTimeoutMs,
      new LakeletError('login_timed_out'),
    )
    const onAsked = (auth: AuthKind) => (this.#asked = auth)
    const client = { connection: this.#client, signal: this.#life.signal, role: startup.role, onAsked }
    const login = await logIn(client, startup, this.#context)
    this.#asked = undefined
    return startup.past ? await travel(client, login, startup.past, this.#context) : login
  }

  async #connect(startup: Startup, login: Login): Promise<Backend> {
    const { clock, limits } = this.#context
    requireReady(login)
    using _deadline = this.#deadline(limits.wakeTimeoutMs, tooLate(limits.wakeTimeoutMs))
    const startedMs = clock.monotonicMs()
    const check = judgeOf(startup.role, login, clock)
    const options = { signal: this.#life.signal, ...(check ? { check } : {}) }
    const backend = await dial(this.#dialer(startup, login), options, this.#context)
    this.#connected(startup, login, startedMs)
    return backend
  }

  #connected(startup: Startup, login: Login, startedMs: number): void {
    this.#connectMs = this.#elapsedMs(startedMs)
    const { database, applicationName } = this.#names()
    this.#log('session opened', {
      ...whoOf(startup.role, login),
      address: this.#client.address,
      database,
      ...(applicationName ? { applicationName } : {}),
      ...(startup.isPooled ? { isPooled: true } : {}),
      connectMs: this.#connectMs,
    })
  }

  /** A backend for each transaction. */
  async #runPooled(startup: Startup, login: Login): Promise<RelayEnd> {
    requireReady(login)
    const { clock, reports } = this.#context
    const startedMs = clock.monotonicMs()
    const client = { session: this.id, connection: this.#client, startup, login, signal: this.#life.signal }
    let onBytes = (_nowMs: number) => {}
    using relay = await openPooled(client, this.#context, (nowMs) => onBytes(nowMs))
    this.#connected(startup, login, startedMs)
    const opened = {
      session: this.id,
      endpoint: login.located.endpoint.id,
      route: login.route,
      auth: login.auth,
    }
    using report = reports.open({ ...opened, connectMs: this.#connectMs ?? 0 }, () => relay.bytes)
    onBytes = activityOf(() => report.active(relay.bytes), clock)
    this.#stage = 'relaying'
    this.#relay = relay
    relay.start()
    return await relay.ended
  }

  #dialer(startup: Startup, { located }: Login): Dialer {
    const startupPacket = encodeStartup(forwardedParameters(startup))
    return { session: this.id, endpoint: located.endpoint.id, role: startup.role, startupPacket }
  }

  async #runRelay(startup: Startup, backend: Backend, login: Login): Promise<RelayEnd> {
    const { cancels, reports } = this.#context
    const { located, route, auth, isPast } = login
    const key = cancels.keys.mint(backend.key)
    using _key = { [Symbol.dispose]: () => cancels.keys.revoke(key) }
    const opened = { session: this.id, endpoint: located.endpoint.id, route, auth }
    using report = reports.open({ ...opened, connectMs: this.#connectMs ?? 0 }, () => this.#relay?.bytes)
    this.#stage = 'relaying'
    this.#processId = key.processId
    const relay = startRelay(this.#client, backend, key, {
      ...this.#context,
      report,
      ...(isPast ? { errors: new HintedErrors('25006', READ_ONLY_HINT) } : {}),
    })
    this.#relay = relay
    this.#parking = new SessionParking({
      dialer: this.#dialer(startup, login),
      context: this.#context,
      relay,
      isExcluded: isPast === true || isReplication(startup),
      life: this.#life.signal,
      key: backend.key,
      onBackend: (target) => {
        cancels.keys.retarget(key, target)
        this.#processId = target?.processId
      },
    })
    using _room = { [Symbol.dispose]: () => this.#parking?.giveRoomBack() }
    return await relay.ended
  }

  #deadline(ms: number, reason: Error): Disposable {
    const met = new AbortController()
    this.#context.clock.sleep(ms, met.signal).then(
      () => this.#life.abort(reason),
      () => {},
    )
    return { [Symbol.dispose]: () => met.abort() }
  }

  async #refuse(error: unknown): Promise<void> {
    const { logger, reports } = this.#context
    const session = this.id
    if (error instanceof ClientGoneError || error instanceof NotPostgresError) {
      logger.debug({ session, reason: error.message }, 'connection closed before a session')
    } else if (error instanceof BackendRefusedError) {
      this.#log('server refused the session', { sqlState: error.fields.code, ...this.#names() })
      reports.refused(session, error.fields.code ?? UNKNOWN_SQLSTATE, undefined)
      await this.#client.sayLast(error.bytes)
    } else {
      const refusal = refusalOf(error, session)
      reports.refused(session, refusal.entry.sqlState ?? UNKNOWN_SQLSTATE, this.#asked)
      if (refusal.kind === 'internal')
        logger.error({ session, err: error, ...this.#names() }, 'session failed')
      else this.#log('session refused', { code: refusal.code, ...this.#asking(), ...this.#names() })
      await this.#client.sayLast(fatal(refusal))
    }
  }

  /** What a client that is refused was asked to show, and where it comes from. */
  #asking(): { readonly address: string; readonly auth?: AuthKind } {
    return { address: this.#client.address, ...(this.#asked ? { auth: this.#asked } : {}) }
  }

  #log(text: string, details: object): void {
    const endpoint = this.#login?.located.endpoint.name
    this.#context.logger.info({ session: this.id, ...(endpoint ? { endpoint } : {}), ...details }, text)
  }

  /** What the client called itself and what it wants, cut to the length of names. */
  #names(): Pick<SessionInfo, 'role' | 'database' | 'applicationName'> {
    if (!this.#startup) return {}
    const { role, database, applicationName } = this.#startup
    return {
      role: cutName(role),
      database: cutName(database),
      ...(applicationName ? { applicationName: cutName(applicationName) } : {}),
    }
  }

  #elapsedMs(sinceMs: number): number {
    return Math.round(this.#context.clock.monotonicMs() - sinceMs)
  }
}

function requireReady({ located: { branch } }: Login): void {
  if (branch.state !== 'READY')
    throw new LakeletError('branch_not_ready', { name: branch.id, state: branch.state })
}
