import { LakeletError } from '../base/errors.ts'
import { defaultPoolSettings, type PoolSettings } from './pool/settings.ts'

/** Every number of the gateway that someone may want to change. */
export interface GatewayLimits {
  /** Connections that have not logged in yet; for each more the oldest of them is closed without a word. */
  readonly maxUnauthenticated: number
  readonly maxConnections: number
  readonly maxConnectionsPerEndpoint: number
  readonly maxConnectionsPerAddress: number
  /** From accept to a whole startup packet. */
  readonly handshakeTimeoutMs: number
  /** For the client's answers to the password challenge. */
  readonly authenticationTimeoutMs: number
  /** From authenticated to connected; clients commonly give up after 5 to 10 s by themselves. */
  readonly wakeTimeoutMs: number
  /** For a compute that is awake to take a login. */
  readonly loginTimeoutMs: number
  /** A client that closed its sending side gets what still flows, until nothing flowed for this long. */
  readonly halfClosedMs: number
  /** Lakebase closes connections that were idle for 24 h … */
  readonly idleTimeoutMs: number
  /** … and may close those older than 3 days. */
  readonly maxLifetimeMs: number
  /** How long a stop waits for clients to leave by themselves. */
  readonly drainMs: number
  /** How long ending them may take afterwards, with what a frozen server or a slow client holds up; then they are cut. */
  readonly stopMs: number
  /** So many cancel requests with a wrong key from one address in a minute are told to the log. */
  readonly wrongCancelsPerMinute: number
  /** What parked sessions keep may take so much together. */
  readonly parkedBytes: number
  readonly pool: PoolSettings
}

const DAY_MS = 86_400_000

export const defaultLimits: GatewayLimits = {
  maxUnauthenticated: 500,
  maxConnections: 20_000,
  maxConnectionsPerEndpoint: 4_000,
  maxConnectionsPerAddress: 10_000,
  handshakeTimeoutMs: 15_000,
  authenticationTimeoutMs: 60_000,
  wakeTimeoutMs: 60_000,
  loginTimeoutMs: 30_000,
  halfClosedMs: 1_000,
  idleTimeoutMs: DAY_MS,
  maxLifetimeMs: 3 * DAY_MS,
  drainMs: 10_000,
  stopMs: 5_000,
  wrongCancelsPerMinute: 600,
  parkedBytes: 256_000_000,
  pool: defaultPoolSettings,
}

/** Counts connections per key. */
export class ConnectionCounter {
  readonly #counts = new Map<string, number>()
  readonly #limit: number
  readonly #scope: string

  /** `scope` completes "Too many connections …". */
  constructor(limit: number, scope: string) {
    this.#limit = limit
    this.#scope = scope
  }

  /** Takes a place until the result is disposed; throws `too_many_clients` (53300) when there is none. */
  enter(key: string): Disposable {
    const count = this.#counts.get(key) ?? 0
    if (count >= this.#limit)
      throw new LakeletError('too_many_clients', { scope: this.#scope, limit: this.#limit })
    this.#counts.set(key, count + 1)
    let left = false
    return {
      [Symbol.dispose]: () => {
        if (left) return
        left = true
        const now = (this.#counts.get(key) ?? 1) - 1
        if (now === 0) this.#counts.delete(key)
        else this.#counts.set(key, now)
      },
    }
  }
}
