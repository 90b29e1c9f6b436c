// The connector: settings, a token cache, a gate, and the sockets it handed out.
import { encodeStartup, encodeTerminate, startupParameter } from '@lakelet/wire'
import type { StartupParameter } from '@lakelet/wire'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { abortReason, untilAborted } from './clock.ts'
import { credentialSource } from './credentials/credential-source.ts'
import type { CredentialSource } from './credentials/credential-source.ts'
import { TokenCache } from './credentials/token-cache.ts'
import type { Credential } from './credentials/token-cache.ts'
import { DialFailure } from './dial/dial-failure.ts'
import { dial } from './dial/dialer.ts'
import type { DialOptions, Dialled } from './dial/dialer.ts'
import { LakebaseSocket } from './dial/lakebase-socket.ts'
import type { SocketOwner } from './dial/socket-owner.ts'
import { openTransport } from './dial/transport.ts'
import type { Address } from './dial/transport.ts'
import type { Connector, ConnectorEvents, ConnectorStats, DriverOptions } from './connector-types.ts'
import { LakebaseError, codeOf, messageOf } from './errors.ts'
import { channels } from './diagnostics.ts'
import type { ListenOptions, LocalProxy } from './proxy/local-proxy.ts'
import { LookUps } from './look-ups.ts'
import { atMoment } from './moment.ts'
import { connectorSettings } from './settings.ts'
import type { ConnectorOptions, ConnectorSettings } from './settings.ts'
import { leaseCache, leaseGate } from './shared.ts'
import type { Lease } from './shared.ts'

/** Stands in the driver's startup packet until the real user is looked up; never reaches the server. */
const USER_PLACEHOLDER = 'lakelet-connect-looks-up-the-user'

/** A connector for one endpoint and one identity. Opens nothing until it is used. Throws CONFIGURATION. */
export function createConnector(options: ConnectorOptions = {}): Connector {
  return new LakebaseConnector(connectorSettings(options))
}

/** A connector whose every use fails with `refusal`. */
export function refusedConnector(refusal: LakebaseError): Connector {
  const nowhere = connectorSettings({ host: 'not-configured', user: 'nobody', login: 'driver', env: {} })
  return new LakebaseConnector(nowhere, refusal)
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
  readonly #lookUps: LookUps
  readonly #refusal: LakebaseError | undefined

  /** With a `refusal` nothing is ever opened: every use fails with it. */
  constructor(settings: ConnectorSettings, refusal?: LakebaseError) {
    this.#settings = settings
    this.#lookUps = new LookUps(settings, () => this.#credentialSource(), this.#closing.signal)
    this.#refusal = refusal
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
    await this.#lookUps.checkHost(limits)
    if (this.#settings.login === 'token') await this.#tryLogin(limits)
  }

  async listen(options: ListenOptions = {}): Promise<LocalProxy> {
    this.#requireOpen()
    const { startLocalProxy } = await import('./proxy/local-proxy.ts')
    const user = await this.#lookUps.user()
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
    this.#requireOpen()
    const user = startupParameter(parameters, 'user')
    const name = user === USER_PLACEHOLDER || !user ? await this.#lookUps.user() : user
    const application = startupParameter(parameters, 'application_name')
    const rest = atMoment(parameters, this.#settings.moment).filter(
      (each) => !['user', 'application_name'].includes(each.name.toString('latin1')),
    )
    return [
      parameter('user', name),
      ...rest,
      parameter('application_name', this.#applicationName(application)),
    ]
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
    return { host: await untilAborted(this.#lookUps.host(), signal), port: this.#settings.port }
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
    const { auth, credential, endpoint, host, env, clock } = this.#settings
    this.#source ??= credentialSource(auth, { endpoint, host, ...credential }, env, clock).catch(
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
    if (this.#refusal) throw this.#refusal
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
