// What the connections of a workspace share, in whichever thread they are: places, delays after wrong passwords, cancel requests.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { CancelKey } from './cancel-keys.ts'
import { FailureDelays } from './failure-delays.ts'
import { ConnectionCounter, type GatewayLimits } from './limits.ts'
import { WrongCancels } from './wrong-cancels.ts'

/** Where a connection is counted. */
export interface Place {
  readonly endpoint: string
  readonly address: string
  readonly isPooled?: boolean
}

export interface SharedState {
  /** Takes a place for a connection that has logged in; throws `too_many_clients`. */
  admit(connection: string, place: Place): Promise<void>
  /** Gives the place back, if it has one. */
  leave(connection: string): void
  /** How long the answer to a failed login should be held back, in ms. */
  loginFailed(key: string): Promise<number>
  loginSucceeded(key: string): void
  /** A cancel request whose key is not of this thread: cancels in another, if one has it. */
  cancelElsewhere(key: CancelKey, address: string): Promise<void>
}

/** The state itself, in the thread that has it. */
export class LocalState implements SharedState {
  readonly #all: ConnectionCounter
  readonly #perEndpoint: ConnectionCounter
  readonly #pooledPerEndpoint: ConnectionCounter
  readonly #perAddress: ConnectionCounter
  readonly #places = new Map<string, DisposableStack>()
  readonly #failures: FailureDelays
  readonly #wrongCancels: WrongCancels

  constructor(limits: GatewayLimits, clock: Clock, logger: Logger) {
    this.#all = new ConnectionCounter(limits.maxConnections, 'to this workspace')
    this.#perEndpoint = new ConnectionCounter(limits.maxConnectionsPerEndpoint, 'to this endpoint')
    this.#pooledPerEndpoint = new ConnectionCounter(limits.pool.maxClients, 'to the pools of this endpoint')
    this.#perAddress = new ConnectionCounter(limits.maxConnectionsPerAddress, 'from this address')
    this.#failures = new FailureDelays(clock)
    this.#wrongCancels = new WrongCancels(clock, logger, limits.wrongCancelsPerMinute)
  }

  async admit(connection: string, { endpoint, address, isPooled }: Place): Promise<void> {
    using places = new DisposableStack()
    places.use(this.#all.enter(''))
    places.use(this.#perAddress.enter(address))
    places.use((isPooled ? this.#pooledPerEndpoint : this.#perEndpoint).enter(endpoint))
    this.#places.set(connection, places.move())
  }

  leave(connection: string): void {
    this.#places.get(connection)?.dispose()
    this.#places.delete(connection)
  }

  async loginFailed(key: string): Promise<number> {
    return this.#failures.failed(key)
  }

  loginSucceeded(key: string): void {
    this.#failures.succeeded(key)
  }

  /** Nobody has the key: only counts it. */
  async cancelElsewhere(_key: CancelKey, address: string): Promise<void> {
    this.#wrongCancels.count(address)
  }
}
