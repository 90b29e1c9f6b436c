// What a connector is to an app.
import type { Duplex } from 'node:stream'
import type { CredentialReason } from './credentials/credential-source.ts'
import type { Credential } from './credentials/token-cache.ts'
import type { ListenOptions, LocalProxy } from './proxy/local-proxy.ts'

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
