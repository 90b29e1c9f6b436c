// One client from accept to end: introduce → route → authenticate → wake and connect → relay. One signal ends whatever
// stage it is in: the client left, a deadline passed, the gateway stops.
import { hash, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import {
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeStartup,
  PROTOCOL_3_0,
  ProtocolError,
  type StartupParameter,
  startupParameter,
} from '@lakelet/wire'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, knownError, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { abortable } from './abortable.ts'
import {
  type Authenticated,
  type AuthenticationContext,
  askForToken,
  authenticatePassword,
  authenticateToken,
  type Challenger,
  checkTokenRole,
  describeLogin,
  isToken,
  takesToken,
  tokenRefusal,
} from './authenticate.ts'
import { cancelBackend } from './cancel-backend.ts'
import type { CancelRequests } from './cancel-requests.ts'
import { type Backend, BackendRefusedError, connectCompute } from './connect-compute.ts'
import { ClientGoneError, ClientReader } from './client-reader.ts'
import type { FailureDelays } from './failure-delays.ts'
import { fatal, type Introduction, introduce, NotPostgresError } from './handshake.ts'
import type { ConnectionCounter, GatewayLimits } from './limits.ts'
import type { GatewayEndpoint, GatewayPorts, RoleFacts } from './ports.ts'
import { Relay } from './relay.ts'
import { routeByName, routeByToken, withoutEndpointOption } from './route.ts'

/** What all sessions of a gateway share. */
export interface SessionContext {
  readonly ports: GatewayPorts
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly secureContext: SecureContext
  readonly authentication: AuthenticationContext
  readonly cancels: CancelRequests
  readonly failures: FailureDelays
  readonly counters: Readonly<Record<'all' | 'endpoint' | 'address', ConnectionCounter>>
}

export type SessionStage = 'handshake' | 'login' | 'waking' | 'relaying' | 'closing'

/** For lists of sessions: who holds an endpoint awake. */
export interface SessionInfo {
  readonly id: string
  readonly address: string
  readonly stage: SessionStage
  readonly role?: string
  readonly database?: string
  readonly applicationName?: string
  readonly endpoint?: string
  /** The process id of the backend, as in pg_stat_activity. */
  readonly processId?: number
}

/** Largest password or SASL message a client may send (PG_MAX_AUTH_TOKEN_LENGTH, libpq/auth.h). */
const MAX_AUTH_MESSAGE = 65_535
const ACTIVITY_STEP_MS = 1_000
const LINGER_MS = 2_000

export class Session {
  readonly id = randomUUID()
  /** Resolves when the client has logged in, or is gone. */
  readonly admitted: Promise<void>
  /** Resolves when everything of the session is closed. */
  readonly ended: Promise<void>
  readonly #context: SessionContext
  readonly #life = new AbortController()
  readonly #admitted = Promise.withResolvers<void>()
  readonly #address: string
  #stream: Socket
  #reader: ClientReader | undefined
  #relay: Relay | undefined
  #isSecure = false
  #info: Omit<SessionInfo, 'id' | 'address' | 'stage'> = {}
  #stage: SessionStage = 'handshake'
  readonly #startedMs: number

  constructor(socket: Socket, context: SessionContext) {
    this.#stream = socket
    this.#context = context
    this.#address = socket.remoteAddress ?? ''
    this.#startedMs = context.clock.monotonicMs()
    this.admitted = this.#admitted.promise
    this.ended = this.#run(socket)
  }

  get info(): SessionInfo {
    return { id: this.id, address: this.#address, stage: this.#stage, ...this.#info }
  }

  get ageMs(): number {
    return this.#context.clock.monotonicMs() - this.#startedMs
  }

  /** How long nothing moved; 0 before the relay. */
  get quietMs(): number {
    return this.#relay ? this.#context.clock.monotonicMs() - this.#relay.lastBytesMs : 0
  }

  /** Ends the session, telling the client why. */
  async terminate(reason: LakeletError): Promise<void> {
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
    this.#stream.destroy()
  }

  async #run(socket: Socket): Promise<void> {
    // Whatever goes wrong with the socket is seen through the reader or the relay.
    socket.on('error', () => {})
    try {
      const client = await this.#introduce(socket)
      if (client.packet.type === 'cancelRequest')
        await this.#context.cancels.handle(client.packet, this.#address)
      else await this.#serve(client)
    } catch (error) {
      await this.#refuse(error)
    } finally {
      this.#stage = 'closing'
      this.#admitted.resolve()
      await this.#close()
    }
  }

  async #introduce(socket: Socket): Promise<Introduction> {
    const { limits, secureContext } = this.#context
    using _deadline = this.#deadline(
      limits.handshakeTimeoutMs,
      new NotPostgresError('no startup packet in time'),
    )
    const onStream = (stream: Socket, reader: ClientReader) => {
      if (stream !== socket) stream.on('error', () => {})
      if (stream instanceof TLSSocket) stream.once('secure', () => (this.#isSecure = true))
      this.#stream = stream
      this.#reader = reader
    }
    const client = await introduce(socket, secureContext, { signal: this.#life.signal, onStream })
    // From here on, a client that leaves ends whatever is being done for it.
    this.#endWithClient(client.reader)
    return client
  }

  async #serve(client: Introduction): Promise<void> {
    const { packet } = client
    if (packet.type !== 'startup') throw unsupportedVersion(packet)
    if (!client.isEncrypted) throw new LakeletError('connection_insecure')
    const { parameters } = packet
    const negotiated = negotiate(packet)
    if (negotiated) client.stream.write(negotiated)
    const role = startupParameter(parameters, 'user')
    if (!role) throw new LakeletError('startup_without_user')
    this.#stage = 'login'
    this.#info = infoOf(role, parameters)
    const login = await this.#logIn(client, role, parameters)
    // Places are for who is let in: those who never log in must not take them.
    using _all = this.#context.counters.all.enter('')
    using _address = this.#context.counters.address.enter(this.#address)
    using _endpoint = this.#context.counters.endpoint.enter(login.endpoint.id)
    this.#admitted.resolve()
    await this.#openAndRelay(client, login, role, parameters)
  }

  /** Route and authenticate. Nothing has been woken when this returns or throws. */
  async #logIn(client: Introduction, role: string, parameters: readonly StartupParameter[]): Promise<Login> {
    const { ports, limits, authentication, failures } = this.#context
    using _deadline = this.#deadline(limits.authenticationTimeoutMs, new LakeletError('login_timed_out'))
    const reader = this.#swapReader(client)
    const challenger: Challenger = { stream: client.stream, reader, signal: this.#life.signal, role }
    const failureKey = failureKeyOf(this.#address, role)
    try {
      const { signal } = this.#life
      const route = await abortable(routeByName(ports, { sni: client.sni, parameters }), signal)
      let facts = route && (await abortable(ports.knownRole(route.endpoint, role), signal))
      if (route && facts !== undefined && !takesToken(role, facts)) {
        const authenticated = await authenticatePassword(challenger, facts, authentication)
        failures.succeeded(failureKey)
        return { endpoint: route.endpoint, authenticated, facts }
      }
      const answer = await askForToken(challenger, authentication)
      let endpoint = route?.endpoint
      if (!route?.isNamed) {
        const named = answer.verdict.ok ? answer.verdict.principal.endpoint : undefined
        if (!answer.verdict.ok && !endpoint) {
          // A password of a native role can only be judged where the endpoint is known; anything else is a token, and a wrong one.
          throw answer.verdict.reason === 'not_jwt' &&
            !takesToken(role, 'absent') &&
            !isToken(answer.password)
            ? new LakeletError('endpoint_unspecified')
            : tokenRefusal(answer.verdict)
        }
        if (!endpoint || named !== undefined) {
          endpoint = await abortable(routeByToken(ports, named), signal)
          facts = await abortable(ports.knownRole(endpoint, role), signal)
        }
      }
      if (!endpoint) throw new LakeletError('endpoint_unspecified')
      const authenticated = await authenticateToken(challenger, answer, facts, authentication)
      failures.succeeded(failureKey)
      return { endpoint, authenticated, facts }
    } catch (error) {
      // Only passwords can be guessed; a client with a stale token should learn so at once.
      if (isLakeletError(error, 'password_wrong')) {
        const delay = failures.failed(failureKey)
        if (delay > 0) await this.#context.clock.sleep(delay, this.#life.signal)
      }
      throw error
    }
  }

  async #openAndRelay(
    client: Introduction,
    { endpoint, authenticated, facts }: Login,
    role: string,
    parameters: readonly StartupParameter[],
  ): Promise<void> {
    const { ports, clock, logger } = this.#context
    this.#stage = 'waking'
    this.#info = { ...this.#info, endpoint: endpoint.name }
    ports.sessionOpened(endpoint, this.id)
    using _observed = { [Symbol.dispose]: () => ports.sessionClosed(endpoint, this.id) }
    const startedMs = clock.monotonicMs()
    const backend = await this.#connect(endpoint, { authenticated, facts }, role, parameters)
    logger.info(
      {
        session: this.id,
        ...describeLogin(endpoint, role, authenticated),
        connectMs: Math.round(clock.monotonicMs() - startedMs),
      },
      'session opened',
    )
    const end = await this.#relayTo(client, endpoint, backend)
    logger.info(
      { session: this.id, endpoint: endpoint.name, by: end, durationMs: Math.round(this.ageMs) },
      'session closed',
    )
  }

  async #connect(
    endpoint: GatewayEndpoint,
    login: Pick<Login, 'authenticated' | 'facts'>,
    role: string,
    parameters: readonly StartupParameter[],
  ): Promise<Backend> {
    const { ports, clock, limits } = this.#context
    using _deadline = this.#deadline(
      limits.wakeTimeoutMs,
      new LakeletError('compute_unreachable', {
        reason: `it was not ready after ${limits.wakeTimeoutMs / 1000} s`,
      }),
    )
    let isJudged = login.facts !== undefined
    // Awaited here, because the deadline lasts as long as this function.
    return await connectCompute({
      wake: (signal) => abortable(ports.wake(endpoint, signal), signal),
      check: async (signal) => {
        if (isJudged || login.authenticated.by !== 'token') return
        const facts = await abortable(ports.readRole(endpoint, role), signal)
        checkTokenRole(login.authenticated.principal, role, facts, clock)
        isJudged = true
      },
      startupPacket: encodeStartup(forwarded(parameters)),
      clock,
      loginTimeoutMs: limits.loginTimeoutMs,
      signal: this.#life.signal,
    })
  }

  async #relayTo(client: Introduction, endpoint: GatewayEndpoint, backend: Backend): Promise<string> {
    const { ports, clock, limits, cancels } = this.#context
    const key = cancels.keys.mint(backend.key)
    using _key = { [Symbol.dispose]: () => cancels.keys.revoke(key) }
    this.#stage = 'relaying'
    this.#info = { ...this.#info, processId: key.processId }
    let activeMs = clock.monotonicMs()
    const relay = new Relay({
      client: client.stream,
      backend: backend.connection,
      fromClient: this.#reader?.release() ?? Buffer.alloc(0),
      fromServer: backend.rest,
      clock,
      halfClosedMs: limits.halfClosedMs,
      cancel: (signal) => cancelBackend(backend.key, signal),
      onClientBytes: () => {
        const now = clock.monotonicMs()
        if (now - activeMs < ACTIVITY_STEP_MS) return
        activeMs = now
        ports.sessionActive(endpoint, this.id)
      },
    })
    this.#reader = undefined
    this.#relay = relay
    client.stream.write(
      Buffer.concat([backend.head, encodeBackendKeyData(key.processId, key.secret), backend.rest]),
    )
    relay.start()
    return await relay.ended
  }

  /** Login messages may be longer than a startup packet. */
  #swapReader(client: Introduction): ClientReader {
    const early = client.reader.release()
    if (early.length > 0) client.stream.unshift(early)
    const reader = new ClientReader(client.stream, MAX_AUTH_MESSAGE + 4)
    this.#reader = reader
    this.#endWithClient(reader)
    return reader
  }

  #endWithClient(reader: ClientReader): void {
    const end = () => this.#life.abort(reader.gone.reason)
    if (reader.gone.aborted) end()
    else reader.gone.addEventListener('abort', end, { once: true })
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
    const { logger } = this.#context
    const session = this.id
    if (error instanceof ClientGoneError || error instanceof NotPostgresError) {
      logger.debug({ session, reason: error.message }, 'connection closed before a session')
      return
    }
    if (error instanceof BackendRefusedError) {
      logger.info({ session, sqlState: error.sqlState, ...this.#info }, 'server refused the session')
      await this.#sayLast(error.bytes)
      return
    }
    const refusal = refusalOf(error, session)
    if (refusal.kind === 'internal') logger.error({ session, err: error, ...this.#info }, 'session failed')
    else logger.info({ session, code: refusal.code, ...this.#info }, 'session refused')
    await this.#sayLast(fatal(refusal))
  }

  /** Sends the last message and waits until it is out; bytes that still come in must not turn it into a reset. */
  async #sayLast(message: Buffer): Promise<void> {
    const stream = this.#stream
    this.#reader?.release()
    if (stream.destroyed || !stream.writable) return
    const closed = new AbortController()
    stream.once('close', () => closed.abort())
    stream.resume()
    stream.end(message)
    await this.#context.clock.sleep(LINGER_MS, closed.signal).catch(() => {})
  }

  /** Says that nothing more comes (TLS close_notify), as `be_tls_close` does; without it libpq takes the end for an attack. */
  async #endEncryption(stream: TLSSocket): Promise<void> {
    if (!stream.writable) return
    const over = new AbortController()
    stream.once('close', () => over.abort())
    stream.end(() => over.abort())
    await this.#context.clock.sleep(LINGER_MS, over.signal).catch(() => {})
  }

  async #close(): Promise<void> {
    this.#reader?.release()
    this.#life.abort(new ClientGoneError())
    const stream = this.#stream
    if (stream.destroyed) return
    if (stream instanceof TLSSocket && this.#isSecure) await this.#endEncryption(stream)
    const { promise, resolve } = Promise.withResolvers<void>()
    stream.once('close', () => resolve())
    if (stream.closed) resolve()
    stream.destroy()
    await promise
  }
}

interface Login {
  readonly endpoint: GatewayEndpoint
  readonly authenticated: Authenticated
  /** Undefined: to be read and judged once the compute is awake. */
  readonly facts: RoleFacts | 'absent' | undefined
}

function refusalOf(error: unknown, session: string): LakeletError {
  if (error instanceof LakeletError) return error
  if (error instanceof ProtocolError)
    return new LakeletError('startup_invalid', { reason: error.message }, { cause: error })
  return knownError(error, session)
}

function unsupportedVersion(packet: {
  readonly type: string
  readonly major?: number
  readonly minor?: number
}): LakeletError {
  return new LakeletError('protocol_unsupported', { major: packet.major ?? 0, minor: packet.minor ?? 0 })
}

/** Asked for more than 3.0, or for protocol options: the answer names what we do not know (SendNegotiateProtocolVersion). */
function negotiate(packet: {
  readonly minor: number
  readonly parameters: readonly StartupParameter[]
}): Buffer | undefined {
  const unknown = packet.parameters.filter(isProtocolOption).map(({ name }) => name)
  return packet.minor > 0 || unknown.length > 0
    ? encodeNegotiateProtocolVersion(PROTOCOL_3_0, unknown)
    : undefined
}

/** What the server gets: everything but what was meant for us. */
function forwarded(parameters: readonly StartupParameter[]): readonly StartupParameter[] {
  return withoutEndpointOption(parameters).filter((each) => !isProtocolOption(each))
}

function isProtocolOption({ name }: StartupParameter): boolean {
  return name.toString('latin1').startsWith('_pq_.')
}

/** As long as a name of Postgres can be (NAMEDATALEN): what a client sends here is kept for each session and stands in each log line. */
const LONGEST_NAME = 63

/** Of a fixed length, whatever name the client sent. */
function failureKeyOf(address: string, role: string): string {
  return hash('sha256', `${address} ${role}`, 'base64url')
}

function infoOf(
  role: string,
  parameters: readonly StartupParameter[],
): Omit<SessionInfo, 'id' | 'address' | 'stage'> {
  const applicationName = startupParameter(parameters, 'application_name')
  return {
    role: role.slice(0, LONGEST_NAME),
    database: (startupParameter(parameters, 'database') ?? role).slice(0, LONGEST_NAME),
    ...(applicationName ? { applicationName: applicationName.slice(0, LONGEST_NAME) } : {}),
  }
}
