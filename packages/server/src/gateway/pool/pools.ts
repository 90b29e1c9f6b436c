// All pools of a thread: one for each endpoint, database and role that clients use.
import type { Clock } from '../../base/clock.ts'
import { startDeadline } from '../../base/deadline.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { type Backend, connectCompute } from '../connect-compute.ts'
import type { GatewayControl } from '../control.ts'
import type { GatewayLimits } from '../limits.ts'
import { EndpointSlots } from './endpoint-slots.ts'
import { Pool } from './pool.ts'
import { StatementRegistry } from './statements.ts'

export interface PoolsOptions {
  readonly control: Pick<GatewayControl, 'wake' | 'release'>
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly logger: Logger
  /** How many threads have pools of the same endpoints. */
  readonly threads: number
}

export interface PoolKey {
  readonly endpoint: string
  readonly database: string
  readonly role: string
  /** A role of the same name that was made later is another one. */
  readonly oid: number | undefined
}

/** What a thread's pools do, for whoever counts. */
export interface PoolFigures {
  readonly endpoint: string
  readonly database: string
  readonly role: string
  readonly clients: number
  readonly waiting: number
  readonly backends: number
  readonly idle: number
  readonly limit: number
}

const SWEEP_MS = 5_000

interface Entry {
  readonly key: PoolKey
  readonly pool: Pool
}

export class Pools {
  readonly registry = new StatementRegistry()
  readonly #options: PoolsOptions
  readonly #pools = new Map<string, Entry>()
  readonly #slots = new Map<string, EndpointSlots>()
  readonly #ending = new AbortController()
  #isSweeping = false

  constructor(options: PoolsOptions) {
    this.#options = options
  }

  /** The pool with this key. */
  of(key: PoolKey): Pool {
    const name = JSON.stringify([key.endpoint, key.database, key.role, key.oid ?? 0])
    const known = this.#pools.get(name)
    if (known) return known.pool
    const pool = this.#start(key)
    this.#pools.set(name, { key, pool })
    if (!this.#isSweeping) void this.#sweep()
    return pool
  }

  /** Lets go of the backends of an endpoint that nobody uses now. */
  park(endpoint: string): void {
    for (const { key, pool } of this.#pools.values())
      if (key.endpoint === endpoint) pool.closeIdle(Number.POSITIVE_INFINITY)
  }

  figures(): readonly PoolFigures[] {
    return Array.from(this.#pools.values(), ({ key, pool }) => ({
      endpoint: key.endpoint,
      database: key.database,
      role: key.role,
      clients: pool.clients,
      waiting: pool.waiting,
      backends: pool.size,
      idle: pool.idle,
      limit: pool.limit,
    }))
  }

  stop(): void {
    const reason = new LakeletError('gateway_stopping')
    this.#ending.abort(reason)
    for (const { pool } of this.#pools.values()) pool.end(reason)
    this.#pools.clear()
  }

  #start(key: PoolKey): Pool {
    const { control, limits, clock, logger, threads } = this.#options
    const settings = { ...limits.pool, size: Math.ceil(limits.pool.size / threads) }
    return new Pool({
      settings,
      slots: this.#slotsOf(key.endpoint),
      clock,
      logger: logger.child({ endpoint: key.endpoint, database: key.database, role: key.role }),
      open: (id, packet, signal) => this.#open(key.endpoint, id, packet, signal),
      release: (id) => control.release(id),
      onPlace: () => this.#feed(key.endpoint),
    })
  }

  #slotsOf(endpoint: string): EndpointSlots {
    let slots = this.#slots.get(endpoint)
    if (!slots) {
      slots = new EndpointSlots(this.#options.threads)
      this.#slots.set(endpoint, slots)
    }
    return slots
  }

  async #open(endpoint: string, id: string, startupPacket: Buffer, ending: AbortSignal): Promise<Backend> {
    const { control, limits, clock } = this.#options
    const reason = `it was not ready after ${limits.wakeTimeoutMs / 1000} s`
    const late = new LakeletError('compute_unreachable', { reason })
    using deadline = startDeadline(clock, limits.wakeTimeoutMs, late, ending)
    return await connectCompute({
      wake: (signal) => untilAborted(control.wake(endpoint, id), signal),
      check: async () => {},
      startupPacket,
      clock,
      loginTimeoutMs: limits.loginTimeoutMs,
      signal: deadline.signal,
    })
  }

  /** A place of the endpoint is free: to who has clients that wait; where none is, an idle backend of another pool makes one. */
  #feed(endpoint: string): void {
    const pools = [...this.#pools.values()].filter(({ key }) => key.endpoint === endpoint)
    const hungry = pools.filter(({ pool }) => pool.waiting > 0).map(({ pool }) => pool)
    if (hungry.length === 0) return
    if (this.#slotsOf(endpoint).isFull) {
      const rich = pools
        .map(({ pool }) => pool)
        .filter((pool) => pool.idle > 0 && pool.waiting === 0)
        .toSorted((a, b) => b.size - a.size)[0]
      rich?.closeOne()
      return
    }
    for (const pool of hungry.toSorted((a, b) => a.size - b.size)) pool.pump()
  }

  async #sweep(): Promise<void> {
    const { clock, limits } = this.#options
    const { signal } = this.#ending
    this.#isSweeping = true
    while (!signal.aborted && this.#pools.size > 0) {
      await clock.sleep(Math.min(SWEEP_MS, limits.pool.idleMs), signal).catch(() => {})
      for (const [name, { pool }] of this.#pools) {
        pool.closeIdle(clock.monotonicMs() - limits.pool.idleMs)
        if (pool.isUnused) this.#pools.delete(name)
      }
    }
    this.#isSweeping = false
  }
}
