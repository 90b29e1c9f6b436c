// A workspace around the gateway: real Postgres clusters that sleep until they are woken, tokens really signed, roles read from
// the catalog. Only the control plane is left out, which the gateway knows as its `GatewayControl`.
import { chown, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import {
  decodeBackendMessage,
  type BackendMessage,
  encodePassword,
  encodeQuery,
  encodeSslRequest,
  encodeStartup,
  MessageFramer,
  type StartupParameter,
} from '@lakelet/wire'
import { errors as joseErrors, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { Client, type ClientConfig } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { keepPostgres, seedPostgres } from '../../../../tests/system/postgres-cache.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { TEST_MAJOR } from '../postgres/installed.ts'
import { SingleFlight } from './single-flight.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts'
import type {
  BackendAddress,
  BackendMemory,
  EndpointQuery,
  GatewayControl,
  GatewayEndpoint,
  LocatedEndpoint,
  RoleFacts,
  SessionEvent,
  TokenPrincipal,
} from '../../src/gateway/control.ts'
import { loadCertificates } from '../../src/main/certificates.ts'
import {
  type Cluster,
  connectAdmin,
  createRole,
  findLoginRole,
  openPostgres,
  readMemory,
  type PostgresInstallation,
  socketDirectoryFor,
  startCluster,
  writeIdentities,
} from '../../src/postgres/index.ts'

export const HOST_DOMAIN = 'database.local.lakelet.test'
export const USER = { id: 1001, name: 'ada@example.com', type: 'USER' } as const
export const APP = {
  id: 2002,
  name: '7f1f1f1f-2a2a-4b4b-8c8c-123456789abc',
  type: 'SERVICE_PRINCIPAL',
} as const
export const GROUP = { id: 3003, name: 'analysts', type: 'GROUP' } as const
const SERVICE_ENDPOINT = 'test'

/** Lines of the log, as objects. */
export class LogLines {
  readonly lines: Record<string, unknown>[] = []

  write(text: string): void {
    this.lines.push(JSON.parse(text) as Record<string, unknown>)
  }

  get text(): string {
    return this.lines.map((line) => JSON.stringify(line)).join('\n')
  }
}

interface TestEndpoint extends GatewayEndpoint {
  readonly dataDirectory: string
  cluster: Cluster | undefined
  isDisabled: boolean
  /** Facts read when it was put to sleep; undefined = nothing known while asleep. */
  asleep: ReadonlyMap<string, RoleFacts> | undefined
}

type TokenKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

export class TestWorkspace implements AsyncDisposable, GatewayControl {
  readonly endpoints = new Map<string, TestEndpoint>()
  readonly log = new LogLines()
  readonly logger = guardedLogger(this.log)
  readonly sessions = new Map<string, string>()
  /** Threads of its gateways. */
  readonly workers: number
  starts = 0
  wakes = 0
  lookUps = 0
  readonly events: SessionEvent[] = []
  activity = 0
  /** Runs before each start of a compute; throw here to let it fail. */
  beforeStart: () => Promise<void> = () => Promise.resolve()
  gateway!: Gateway
  ca = ''
  readonly #starting = new SingleFlight<string, Cluster>()
  readonly #home: string
  readonly #installation: PostgresInstallation
  readonly #template: string
  readonly #keys: Awaited<ReturnType<typeof generateKeyPair>>

  constructor(parts: {
    home: string
    installation: PostgresInstallation
    template: string
    keys: Awaited<ReturnType<typeof generateKeyPair>>
    workers: number
  }) {
    this.#home = parts.home
    this.#installation = parts.installation
    this.#template = parts.template
    this.#keys = parts.keys
    this.workers = parts.workers
  }

  get home(): string {
    return this.#home
  }

  // --- endpoints and computes ---

  async addEndpoint(id: string): Promise<TestEndpoint> {
    const dataDirectory = path.join(this.#home, id)
    await cp(this.#template, dataDirectory, { recursive: true, preserveTimestamps: true })
    if (this.#installation.account) await chownTree(dataDirectory, this.#installation.account)
    const endpoint: TestEndpoint = {
      id,
      name: `projects/p/branches/b/endpoints/${id}`,
      dataDirectory,
      cluster: undefined,
      isDisabled: false,
      asleep: undefined,
    }
    this.endpoints.set(id, endpoint)
    await this.start(id)
    await this.#addRoles(id)
    return endpoint
  }

  endpoint(id: string): TestEndpoint {
    const endpoint = this.endpoints.get(id)
    if (!endpoint) throw new Error(`no endpoint ${id}`)
    return endpoint
  }

  start(id: string): Promise<Cluster> {
    const endpoint = this.endpoint(id)
    if (endpoint.cluster && !endpoint.cluster.isOver) return Promise.resolve(endpoint.cluster)
    return this.#starting.run(id, async () => {
      if (endpoint.cluster && !endpoint.cluster.isOver) return endpoint.cluster
      await endpoint.cluster?.exited
      this.starts++
      await this.beforeStart()
      const cluster = await startCluster({
        installation: this.#installation,
        dataDirectory: endpoint.dataDirectory,
        socketDirectory: socketDirectoryFor(this.#installation, id),
        settings: { maxCu: 0.5 },
        logFile: path.join(this.#home, `${id}.log`),
        log: this.logger,
      })
      endpoint.cluster = cluster
      void cluster.exited.then(() => {
        if (endpoint.cluster === cluster) endpoint.cluster = undefined
      })
      return cluster
    })
  }

  /** Stops a compute; `remember`: what its catalog says about roles stays known. */
  async sleep(id: string, remember: boolean): Promise<void> {
    const endpoint = this.endpoint(id)
    if (remember) await this.start(id)
    const facts = new Map<string, RoleFacts>()
    for (const role of [USER.name, APP.name, GROUP.name, 'native']) {
      const known = remember ? await this.role(id, role) : 'absent'
      if (known !== 'absent') facts.set(role, known)
    }
    endpoint.asleep = remember ? facts : undefined
    await endpoint.cluster?.stop()
    endpoint.cluster = undefined
  }

  async admin(id: string, database = 'databricks_postgres') {
    const cluster = await this.start(id)
    return connectAdmin(cluster.address, { database, purpose: 'test' })
  }

  async sql(id: string, text: string): Promise<Record<string, unknown>[]> {
    await using admin = await this.admin(id)
    return await admin.query(text)
  }

  async #addRoles(id: string): Promise<void> {
    await using admin = await this.admin(id)
    for (const { name, type, id: identity } of [USER, APP, GROUP]) {
      await createRole(admin, {
        name,
        attributes: { createdb: false, createrole: false, bypassrls: false },
        isSuperuserMember: name === USER.name,
        canLogin: true,
        identity: { id: identity, type },
      })
    }
    // Roles that tokens are refused for.
    for (const name of ['unlabelled@example.com', 'nologin@example.com', 'past@example.com']) {
      await createRole(admin, {
        name,
        attributes: { createdb: false, createrole: false, bypassrls: false },
        isSuperuserMember: false,
        canLogin: !name.startsWith('nologin'),
        ...(name.startsWith('unlabelled') ? {} : { identity: { id: USER.id, type: USER.type } }),
      })
    }
    await admin.execute(`ALTER ROLE "past@example.com" VALID UNTIL '2020-01-01'`)
    await admin.execute(`CREATE ROLE native LOGIN PASSWORD 'correct horse'`)
    await admin.execute(`CREATE ROLE plain_role LOGIN`)
    await admin.execute(`GRANT CREATE ON SCHEMA public TO PUBLIC`)
  }

  // --- what the gateway asks ---

  async locate(query: EndpointQuery, role: string): Promise<LocatedEndpoint | 'unknown' | 'ambiguous'> {
    this.lookUps++
    const { sni, option, token } = query
    if (sni !== undefined && option !== undefined && sni !== option)
      throw new LakeletError('endpoint_inconsistent', { sni, option })
    const named = sni ?? option ?? token
    const [only, ...others] = this.endpoints.values()
    if (named === undefined && (!only || others.length > 0)) return 'ambiguous'
    const found = named === undefined ? only : this.endpoints.get(named)
    if (!found) return 'unknown'
    return {
      endpoint: { id: found.id, name: found.name },
      branch: { id: 'b', state: 'READY' },
      allowsPasswords: true,
      role: await this.#knownRole(found, role),
    }
  }

  async #knownRole(endpoint: TestEndpoint, role: string): Promise<RoleFacts | 'absent' | undefined> {
    const { cluster, asleep } = endpoint
    if (cluster && !cluster.isOver) {
      // It may stop at this very moment.
      const read = await this.role(endpoint.id, role).catch(() => undefined)
      if (read) return read
    }
    return asleep ? (asleep.get(role) ?? 'absent') : undefined
  }

  async role(endpoint: string, role: string): Promise<RoleFacts | 'absent'> {
    const { cluster } = this.endpoint(endpoint)
    if (!cluster) throw new Error('asleep')
    await using admin = await connectAdmin(cluster.address, { purpose: 'roles' })
    const found = await findLoginRole(admin, role)
    if (!found) return 'absent'
    const { canLogin, identity, verifier, validUntil } = found
    return {
      canLogin,
      ...(identity ? { identity } : {}),
      ...(verifier ? { password: verifier } : {}),
      ...(validUntil ? { validUntil: new Date(validUntil) } : {}),
    }
  }

  async verify(token: string): Promise<TokenPrincipal> {
    const { payload } = await jwtVerify(token, this.#keys.publicKey, { audience: 'workspace' }).catch(
      (error: unknown) => {
        throw refusalOf(error)
      },
    )
    const principal = [USER, APP].find((each) => each.name === payload.sub)
    if (!principal) throw new LakeletError('token_foreign')
    const endpoint = payload[SERVICE_ENDPOINT] as string | undefined
    return {
      id: principal.id,
      name: principal.name,
      kind: principal.type,
      groups: principal === USER ? [{ id: GROUP.id, name: GROUP.name }] : [],
      ...(endpoint ? { endpoint } : {}),
    }
  }

  /** The control plane's; see tests/system/time-travel.test.ts. */
  travel(): Promise<GatewayEndpoint> {
    return Promise.reject(new LakeletError('time_travel_off'))
  }

  async wake(endpoint: string, connection: string): Promise<BackendAddress> {
    this.wakes++
    this.sessions.set(connection, endpoint)
    if (this.endpoint(endpoint).isDisabled) throw new LakeletError('endpoint_disabled')
    const { socketPath } = await this.start(endpoint)
    return { unix: socketPath }
  }

  async memory(endpoint: string, processIds: readonly number[]): Promise<readonly BackendMemory[]> {
    const { cluster } = this.endpoint(endpoint)
    if (!cluster) return []
    await using admin = await connectAdmin(cluster.address, { purpose: 'memory' })
    return await readMemory(cluster.memory, admin, processIds, 1_000)
  }

  release(connection: string): void {
    this.sessions.delete(connection)
  }

  report(events: readonly SessionEvent[]): void {
    this.events.push(...events)
    this.activity += events.filter(({ kind }) => kind === 'active').length
  }

  // --- tokens and clients ---

  token(
    subject: string,
    options: {
      expiresInSeconds?: number
      audience?: string
      endpoint?: string
      padding?: number
      key?: TokenKey
    } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({
      ...(options.endpoint ? { [SERVICE_ENDPOINT]: options.endpoint } : {}),
      ...(options.padding ? { padding: 'x'.repeat(options.padding) } : {}),
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(subject)
      .setAudience(options.audience ?? 'workspace')
      .setExpirationTime(now + (options.expiresInSeconds ?? 3600))
      .sign(options.key ?? this.#keys.privateKey)
  }

  async clientConfig(overrides: Partial<ClientConfig> & { endpoint?: string } = {}): Promise<ClientConfig> {
    const { endpoint = 'ep-one', ...rest } = overrides
    return {
      host: '127.0.0.1',
      port: this.gateway.address.port,
      user: USER.name,
      password: await this.token(USER.name),
      database: 'databricks_postgres',
      ssl: { ca: this.ca, servername: `${endpoint}.${HOST_DOMAIN}`, checkServerIdentity: () => undefined },
      ...rest,
    }
  }

  async connect(overrides: Partial<ClientConfig> & { endpoint?: string } = {}): Promise<TestClient> {
    const client = new TestClient(await this.clientConfig(overrides))
    await client.connect()
    return client
  }

  async restartGateway(limits: GatewayOptions['limits'] = {}): Promise<void> {
    await this.gateway?.[Symbol.asyncDispose]()
    this.gateway = await this.startGateway(limits)
  }

  async startGateway(limits: GatewayOptions['limits'] = {}, clock = systemClock): Promise<Gateway> {
    const certificates = await loadCertificates(
      path.join(this.#home, 'tls'),
      [`ep-one.${HOST_DOMAIN}`, 'localhost'],
      systemClock,
    )
    this.ca = certificates.certificate
    return startGateway({
      host: '127.0.0.1',
      port: 0,
      tls: certificates,
      control: this,
      clock,
      logger: this.logger,
      workers: this.workers,
      limits: { drainMs: 200, ...limits },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway?.[Symbol.asyncDispose]()
    for (const endpoint of this.endpoints.values()) await endpoint.cluster?.stop()
    await rm(this.#home, { recursive: true, force: true })
  }
}

function refusalOf(error: unknown): LakeletError {
  if (error instanceof joseErrors.JWTExpired)
    return new LakeletError('token_expired', { exp: error.payload.exp ?? 0 })
  if (error instanceof joseErrors.JWTClaimValidationFailed) return new LakeletError('token_foreign')
  if (error instanceof joseErrors.JWSSignatureVerificationFailed)
    return new LakeletError('token_signature_wrong')
  return new LakeletError('token_not_jwt')
}

/** pg's client; disposing ends it. Errors of idle connections are kept, not thrown. */
export class TestClient extends Client implements AsyncDisposable {
  /** Its cancel key, which the types of pg leave out. */
  declare readonly processID: number
  declare readonly secretKey: number
  readonly errors: Error[] = []

  constructor(config: ClientConfig) {
    super(config)
    this.on('error', (error) => this.errors.push(error))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end().catch(() => undefined)
  }
}

/** Everything holds for a gateway in the thread of the tests and, where threads can share a port, for one in threads of its own. */
export const GATEWAYS = [
  { name: 'in this thread', workers: 0 },
  ...(process.platform === 'linux' ? [{ name: 'in 2 workers', workers: 2 }] : []),
]

export async function startTestWorkspace(
  endpoints: readonly string[],
  workers: number,
): Promise<TestWorkspace> {
  const home = await mkdtemp(path.join(tmpdir(), 'lakelet-gateway-'))
  await seedPostgres(home, [TEST_MAJOR])
  const installation = await (await openPostgres({ dataDir: home })).of(TEST_MAJOR)
  await writeIdentities(installation, [USER, APP, GROUP])
  const template = await installation.template()
  await keepPostgres(home)
  const keys = await generateKeyPair('ES256', { extractable: true })
  const workspace = new TestWorkspace({ home, installation, template, keys, workers })
  for (const endpoint of endpoints) await workspace.addEndpoint(endpoint)
  workspace.gateway = await workspace.startGateway()
  return workspace
}

async function chownTree(
  directory: string,
  account: { readonly uid: number; readonly gid: number },
): Promise<void> {
  await chown(directory, account.uid, account.gid)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink())
      await chown(path.join(entry.parentPath, entry.name), account.uid, account.gid)
  }
}

/** A client that speaks the protocol by hand, for what no driver would do. */
export class RawClient implements Disposable {
  readonly socket: Socket | TLSSocket
  readonly received: Buffer[] = []
  readonly #framer = new MessageFramer()
  readonly #messages: BackendMessage[] = []
  #changed = Promise.withResolvers<void>()
  isClosed = false
  error: Error | undefined

  constructor(socket: Socket | TLSSocket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk)
      this.#framer.push(chunk)
      this.#notify()
    })
    socket.on('error', (error) => (this.error = error))
    socket.on('close', () => {
      this.isClosed = true
      this.#notify()
    })
    socket.on('end', () => this.#notify())
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1')
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** Waits for one raw byte (the answer to SSLRequest). */
  async byte(): Promise<string | undefined> {
    for (;;) {
      const byte = this.#framer.nextByte()
      if (byte !== undefined) return String.fromCharCode(byte)
      if (this.isClosed) return undefined
      await this.#changed.promise
    }
  }

  /** The next message of the given type; others are passed over. Undefined when the connection closes first. */
  async until<T extends BackendMessage['type']>(
    type: T,
  ): Promise<Extract<BackendMessage, { type: T }> | undefined> {
    for (;;) {
      for (let raw = this.#framer.next(); raw; raw = this.#framer.next()) {
        const message = decodeBackendMessage({ type: raw.type, body: Buffer.from(raw.body) })
        this.#messages.push(message)
        if (message.type === type) return message as Extract<BackendMessage, { type: T }>
        if (message.type === 'errorResponse')
          throw new Error(`waiting for ${type}: ${message.fields.message}`)
      }
      if (this.isClosed) return undefined
      await this.#changed.promise
    }
  }

  get messages(): readonly BackendMessage[] {
    return this.#messages
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#changed.promise
  }

  /** TLS on top, as libpq does after SSLRequest. */
  async encrypt(options: ConnectionOptions = {}): Promise<RawClient> {
    this.write(encodeSslRequest())
    const answer = await this.byte()
    if (answer !== 'S') throw new Error(`SSLRequest was answered ${answer}`)
    this.socket.removeAllListeners('data')
    return upgrade({ socket: this.socket, ...options })
  }

  /** Startup and clear-text password; resolves at ReadyForQuery or when refused. */
  async logIn(
    parameters: Readonly<Record<string, string>> | readonly StartupParameter[],
    password: string,
  ): Promise<BackendMessage | undefined> {
    this.write(encodeStartup(parameters))
    await this.until('authenticationCleartextPassword')
    this.write(encodePassword(password))
    return Promise.race([this.until('readyForQuery'), this.closed().then(() => undefined)])
  }

  query(text: string): void {
    this.write(encodeQuery(text))
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #notify(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }
}

export async function dial(port: number): Promise<RawClient> {
  const socket = createConnection({ host: '127.0.0.1', port, allowHalfOpen: false })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return new RawClient(socket)
}

/** A TLS connection over a socket or to a port; rejects when the handshake fails. */
export async function upgrade(options: ConnectionOptions): Promise<RawClient> {
  const socket = connectTls({ rejectUnauthorized: false, ...options })
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed during the TLS handshake')))
  })
  return new RawClient(socket)
}

/** Polls until the condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = Date.now() + 60_000
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`did not happen within a minute: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
