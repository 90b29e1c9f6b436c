// The connector: settings, a token cache, a gate, and the sockets it handed out.
import { encodeStartup, encodeTerminate } from '@lakelet/wire'
import type { StartupParameter } from '@lakelet/wire'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { abortReason, untilAborted } from './clock.ts'
import { credentialSource } from './credentials/credential-source.ts'
import type { CredentialReason, CredentialSource } from './credentials/credential-source.ts'
import { TokenCache } from './credentials/token-cache.ts'
import type { Credential } from './credentials/token-cache.ts'
import { DialFailure, dial } from './dial/dialer.ts'
import type { DialOptions, Dialled } from './dial/dialer.ts'
import { LakebaseSocket, parameterText } from './dial/lakebase-socket.ts'
import type { SocketOwner } from './dial/lakebase-socket.ts'
import { openTransport } from './dial/transport.ts'
import type { Address } from './dial/transport.ts'
import { LakebaseError, codeOf, messageOf } from './errors.ts'
import { channels } from './diagnostics.ts'
import type { ListenOptions, LocalProxy } from './proxy/local-proxy.ts'
import { connectorSettings } from './settings.ts'
import type { ConnectorOptions, ConnectorSettings } from './settings.ts'
import { leaseCache, leaseGate } from './shared.ts'
import type { Lease } from './shared.ts'

/** Stands in the driver's startup packet until the real user is looked up; never reaches the server. */
const USER_PLACEHOLDER = 'lakelet-connect-looks-up-the-user'

/** What a connector tells: `connector.on('retry', …)`, and the same on `diagnostics_channel`. */
export interface ConnectorEvents {
  /** A new credential is in use. */
  refresh: { generation: number; lifeMs: number; durationMs: number; reason: CredentialReason }
  refreshFailed: { code: string; message: string; failures: number; reason: CredentialReason }
  /** An attempt to connect failed and another follows. */
  retry: { attempt: number; code: string; delayMs: number }
  /** The server refused a token. */
  rejected: { code: string; generation: number }
  /** The endpoint was asleep and is up now. */
  woke: { durationMs: number; attempts: number }
  connected: { durationMs: number; attempts: number }
  connectFailed: { durationMs: number; attempts: number; code: string }
}

/** Counters since the connector was made. */
export interface ConnectorStats {
  readonly credential: {
    /** Requests to the source, by everyone who shares this cache. */
    readonly requests: number
    readonly refreshes: number
    readonly failures: number
    /** Refreshes because the server refused a token. */
    readonly forced: number
    readonly generation: number
  }
  readonly connections: {
    /** Sockets the drivers hold now, also those still being connected. */
    readonly open: number
    readonly opened: number
    readonly failed: number
    readonly retries: number
    readonly rejected: number
    readonly wakes: number
    readonly cancels: number
  }
}

/** Connection options as pg and everything built on it takes them. Spread them into the driver's own. */
export interface DriverOptions {
  host: string
  port: number
  user: string
  database: string
  ssl: false
  stream: () => Duplex
}

export interface Connector extends AsyncDisposable {
  getOptions(): DriverOptions
  /** The credential in use, or a new one. Handle with care: it is a password. */
  getCredential(options?: { forceRefresh?: boolean; signal?: AbortSignal }): Promise<Readonly<Credential>>
  /**
   * Fails fast at start: a credential, a login, and whether the host belongs to the endpoint. Rejects with LakebaseError,
   * or with the server's refusal (`code` is the SQLSTATE).
   */
  ready(signal?: AbortSignal): Promise<void>
  /** A door for tools without a hook: a unix socket, or a loopback port with a password of its own. */
  listen(options?: ListenOptions): Promise<LocalProxy>
  stats(): ConnectorStats
  on<E extends keyof ConnectorEvents>(event: E, listener: (event: ConnectorEvents[E]) => void): this
  off<E extends keyof ConnectorEvents>(event: E, listener: (event: ConnectorEvents[E]) => void): this
  /** Destroys every connection and ends all waiting. The process can exit afterwards. Never rejects. */
  close(): Promise<void>
}

/** A connector for one endpoint and one identity. Opens nothing until it is used. Throws CONFIGURATION. */
export function createConnector(options: ConnectorOptions = {}): Connector {
  return new LakebaseConnector(connectorSettings(options))
}

class LakebaseConnector implements Connector, SocketOwner {
  /** Private, for it holds secrets: nothing that prints a connector may show it. */
  readonly #settings: ConnectorSettings
  readonly #events = new EventEmitter()
  readonly #closing = new AbortController()
  readonly #sockets = new Set<LakebaseSocket>()
  readonly #connections = { opened: 0, failed: 0, retries: 0, rejected: 0, wakes: 0, cancels: 0 }
  readonly #proxies = new Set<LocalProxy>()
  #source: Promise<CredentialSource> | undefined
  #cache: Lease<TokenCache> | undefined
  #gate: Lease<DialOptions['gate']> | undefined
  #unsubscribe: (() => void) | undefined
  #host: Promise<string> | undefined
  #user: Promise<string> | undefined

  constructor(settings: ConnectorSettings) {
    this.#settings = settings
  }

  getOptions(): DriverOptions {
    const { host, port, user, database, endpoint } = this.#settings
    return {
      host: host ?? endpoint ?? 'lakebase',
      port,
      user: user ?? USER_PLACEHOLDER,
      database,
      ssl: false,
      stream: () => this.openSocket(),
    }
  }

  openSocket(): LakebaseSocket {
    return new LakebaseSocket(this)
  }

  async getCredential({
    forceRefresh = false,
    signal,
  }: { forceRefresh?: boolean; signal?: AbortSignal } = {}) {
    this.#requireOpen()
    const cache = await this.#tokens()
    if (!cache)
      throw new LakebaseError(
        'CONFIGURATION',
        'this connector has login: "driver" and asks for no credentials',
      )
    const { token, expiresAt, generation } = forceRefresh
      ? await cache.refresh(signal)
      : await cache.get(signal)
    return withoutInspection({ token, expiresAt, generation })
  }

  async ready(signal?: AbortSignal): Promise<void> {
    this.#requireOpen()
    const limits = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
    if (this.#settings.login === 'token') await this.getCredential({ signal: limits })
    await this.#checkHost(limits)
    if (this.#settings.login === 'token') await this.#tryLogin(limits)
  }

  async listen(options: ListenOptions = {}): Promise<LocalProxy> {
    this.#requireOpen()
    const { startLocalProxy } = await import('./proxy/local-proxy.ts')
    const user = await this.userName()
    const target = { user, database: this.#settings.database, openSocket: () => this.openSocket() }
    const proxy = await startLocalProxy(target, options)
    this.#proxies.add(proxy)
    return proxy
  }

  stats(): ConnectorStats {
    const counters = this.#cache?.value.counters ?? { requests: 0, refreshes: 0, failures: 0, forced: 0 }
    return {
      credential: { ...counters, generation: counters.refreshes },
      connections: { open: this.#sockets.size, ...this.#connections },
    }
  }

  on<E extends keyof ConnectorEvents>(event: E, listener: (event: ConnectorEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  off<E extends keyof ConnectorEvents>(event: E, listener: (event: ConnectorEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    const closed = new LakebaseError('CLOSED', 'the connector is closed')
    this.#closing.abort(closed)
    for (const socket of this.#sockets) socket.abandon(closed)
    await Promise.all([...this.#proxies].map((proxy) => proxy.close()))
    this.#unsubscribe?.()
    this.#cache?.release()
    this.#gate?.release()
    await new Promise((resolve) => setImmediate(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // SocketOwner

  opened(socket: LakebaseSocket): void {
    this.#sockets.add(socket)
    if (this.#closing.signal.aborted)
      process.nextTick(() => socket.destroy(abortReason(this.#closing.signal)))
  }

  closed(socket: LakebaseSocket): void {
    this.#sockets.delete(socket)
  }

  async dial(startup: Buffer, signal: AbortSignal): Promise<Dialled> {
    this.#requireOpen()
    try {
      const address = await this.#address(signal)
      this.#gate ??= leaseGate(`${address.host}:${address.port}/${this.#settings.endpoint ?? ''}`)
      const options = this.#dialOptions(address, await this.#tokens(), this.#gate.value)
      return await dial(startup, options, signal)
    } catch (error) {
      if (error instanceof DialFailure) throw error
      const failure =
        error instanceof LakebaseError
          ? error
          : new LakebaseError('CONNECT_FAILED', `could not connect: ${codeOf(error)} ${messageOf(error)}`, {
              cause: error,
            })
      throw new DialFailure(failure, undefined)
    }
  }

  async dialForCancel(signal: AbortSignal): Promise<Socket> {
    this.#connections.cancels++
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#settings.connect.attemptTimeoutMs)])
    const address = await this.#address(limit)
    return openTransport({ ...address, tls: this.#settings.tls, signal: limit, onPhase: () => {} })
  }

  async startupParameters(parameters: readonly StartupParameter[]): Promise<readonly StartupParameter[]> {
    const user = parameterText(parameters, 'user')
    const name = user === USER_PLACEHOLDER || !user ? await this.userName() : user
    const application = parameterText(parameters, 'application_name')
    const rest = parameters.filter(
      (each) => !['user', 'application_name'].includes(each.name.toString('latin1')),
    )
    return [
      parameter('user', name),
      ...rest,
      parameter('application_name', this.#applicationName(application)),
    ]
  }

  /** The role to log in as: given, the service principal's client id, or who the workspace says we are. */
  userName(): Promise<string> {
    this.#user ??= this.#lookUpUser().catch((error: unknown) => {
      this.#user = undefined
      throw error
    })
    return this.#user
  }

  hostName(): Promise<string> {
    this.#host ??= this.#lookUpHost().catch((error: unknown) => {
      this.#host = undefined
      throw error
    })
    return this.#host
  }

  async #lookUpUser(): Promise<string> {
    const { user, env, auth, credential } = this.#settings
    if (user) return user
    if (credential.group) return credential.group
    const clientId =
      (typeof auth === 'object' && 'clientId' in auth && auth.clientId) || env['DATABRICKS_CLIENT_ID']
    if (clientId && !this.#hasToken()) return clientId
    const { workspace } = await this.#credentialSource()
    if (!workspace) {
      throw new LakebaseError(
        'CONFIGURATION',
        'no user: set PGUSER or pass user (with a provider or SDK client it is not looked up)',
      )
    }
    return workspace.currentUser({ timeoutMs: 8000, signal: this.#closing.signal })
  }

  /** A PAT beats client id and secret in the login order, so the identity is the PAT's. */
  #hasToken(): boolean {
    const { auth, env } = this.#settings
    return Boolean((typeof auth === 'object' && 'token' in auth && auth.token) || env['DATABRICKS_TOKEN'])
  }

  async #lookUpHost(): Promise<string> {
    const { host, endpoint } = this.#settings
    if (host) return host
    const { workspace } = await this.#credentialSource()
    if (!workspace || !endpoint) {
      throw new LakebaseError(
        'CONFIGURATION',
        'no host: set PGHOST or pass host (with a provider or SDK client it is not looked up)',
      )
    }
    const hosts = await workspace.endpointHosts(endpoint, { timeoutMs: 8000, signal: this.#closing.signal })
    if (!hosts[0])
      throw new LakebaseError('ENDPOINT_NOT_FOUND', `${endpoint} has no host name yet`, { isRetryable: true })
    return hosts[0]
  }

  /** A host that belongs to another endpoint would wake and ask the wrong database. Unreadable endpoints are not judged. */
  async #checkHost(signal: AbortSignal): Promise<void> {
    const { host, tls, endpoint } = this.#settings
    const workspace = endpoint ? (await this.#credentialSource()).workspace : undefined
    if (!host || !endpoint || !workspace) return
    let hosts: string[]
    try {
      hosts = await workspace.endpointHosts(endpoint, { timeoutMs: 8000, signal })
    } catch (error) {
      if (error instanceof LakebaseError && error.code === 'ENDPOINT_NOT_FOUND') throw error
      return
    }
    const named = tls.serverName ?? host
    if (hosts.length === 0 || hosts.includes(named)) return
    throw new LakebaseError(
      'HOST_MISMATCH',
      `PGHOST ${named} is not a host of ${endpoint}; its hosts are ${hosts.join(', ')}`,
    )
  }

  async #tryLogin(signal: AbortSignal): Promise<void> {
    const parameters = [parameter('user', USER_PLACEHOLDER), parameter('database', this.#settings.database)]
    const startup = encodeStartup(await this.startupParameters(parameters))
    try {
      const { socket } = await this.dial(startup, signal)
      socket.end(encodeTerminate())
      socket.resume()
    } catch (error) {
      if (!(error instanceof DialFailure)) throw error
      throw error.refusal ?? error.error
    }
  }

  async #address(signal: AbortSignal): Promise<Address> {
    return { host: await untilAborted(this.hostName(), signal), port: this.#settings.port }
  }

  #dialOptions(address: Address, tokens: TokenCache | undefined, gate: DialOptions['gate']): DialOptions {
    const { connect, tls, clock } = this.#settings
    const counters = this.#connections
    return {
      ...connect,
      address,
      tls,
      clock,
      gate,
      tokens,
      events: {
        retry: (event) => this.#tell('retry', event, () => counters.retries++),
        rejected: (event) => this.#tell('rejected', event, () => counters.rejected++),
        woke: (event) => this.#tell('woke', event, () => counters.wakes++),
        connected: (event) => this.#tell('connected', event, () => counters.opened++),
        failed: (event) => this.#tell('connectFailed', event, () => counters.failed++),
      },
    }
  }

  #tell<E extends keyof ConnectorEvents>(name: E, event: ConnectorEvents[E], count?: () => void): void {
    count?.()
    channels[name].publish({ ...event, endpoint: this.#settings.endpoint })
    this.#events.emit(name, event)
  }

  #credentialSource(): Promise<CredentialSource> {
    const { auth, credential, endpoint = '', env, clock } = this.#settings
    this.#source ??= credentialSource(auth, { endpoint, ...credential }, env, clock).catch(
      (error: unknown) => {
        this.#source = undefined
        throw error
      },
    )
    return this.#source
  }

  async #tokens(): Promise<TokenCache | undefined> {
    if (this.#settings.login === 'driver') return undefined
    const source = await this.#credentialSource()
    // What is leased after `close()` would never be given back.
    this.#requireOpen()
    if (!this.#cache) {
      const { credential, clock } = this.#settings
      this.#cache = leaseCache(source.key, () => new TokenCache(source, clock, credential))
      this.#unsubscribe = this.#cache.value.subscribe({
        refreshed: (event) => this.#tell('refresh', event),
        refreshFailed: (event) => this.#tell('refreshFailed', event),
      })
    }
    return this.#cache.value
  }

  #applicationName(asked: string | undefined): string {
    const full =
      asked && !this.#settings.applicationName.includes(asked)
        ? `${asked} ${this.#settings.applicationName}`
        : undefined
    // Postgres cuts at NAMEDATALEN - 1; the app's own part comes first and survives.
    return (full ?? this.#settings.applicationName).slice(0, 63)
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw abortReason(this.#closing.signal)
  }
}

function parameter(name: string, value: string): StartupParameter {
  return { name: Buffer.from(name), value: Buffer.from(value) }
}

/** The credential as an object whose token is not printed by console.log. */
function withoutInspection(credential: Credential): Readonly<Credential> {
  const { token, ...visible } = credential
  return Object.freeze(
    Object.defineProperty({ ...visible } as Credential, 'token', { value: token, enumerable: false }),
  )
}
