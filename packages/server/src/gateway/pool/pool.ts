// The backends of one endpoint, database and role: opened when clients need them, given out first come, first served, closed when idle.
import { randomUUID } from 'node:crypto'
import { LakeletError } from '../../base/errors.ts'
import { type Backend, BackendRefusedError } from '../connect-compute.ts'
import { PooledBackend } from './pooled-backend.ts'
import type { PoolOptions, StartupShape } from './pool-options.ts'

interface Waiter {
  readonly client: object
  readonly shape: StartupShape
  readonly sinceMs: number
  readonly done: PromiseWithResolvers<PooledBackend>
}

/** The server is full for now (53300): who waits goes on waiting. */
const TOO_MANY = '53300'
const FULL_PAUSE_MS = 100
/** A client that used its backend so recently will come again: another one takes it, but one more is opened. */
const RECENT_MS = 2_000

export class Pool {
  readonly #options: PoolOptions
  readonly #backends = new Set<PooledBackend>()
  /** Longest unused first. */
  readonly #idle = new Set<PooledBackend>()
  #waiting: Waiter[] = []
  #opening = 0
  #pinned = 0
  /** Clients that come and go through it. */
  clients = 0
  /** What new backends of a class reported, for the greeting of clients. */
  readonly greetings = new Map<string, ReadonlyMap<string, string>>()
  /** How often nothing was found after a call of a function. */
  readonly cleanCalls = new Map<string, number>()
  readonly #ending = new AbortController()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#backends.size + this.#opening
  }

  get idle(): number {
    return this.#idle.size
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get isUnused(): boolean {
    return this.clients === 0 && this.size === 0
  }

  get limit(): number {
    const { settings, slots } = this.#options
    return settings.size === 0 ? slots.total : Math.min(settings.size, slots.total)
  }

  /** The backend that the client used last, or another that is free and that nobody waits for; undefined where it has to wait. */
  takeNow(client: object, shape: StartupShape, last: PooledBackend | undefined): PooledBackend | undefined {
    if (this.#waiting.length > 0) return undefined
    if (last && this.#idle.has(last) && last.owner === client) return this.#give(last)
    const found = this.#freeFor(shape.startupClass)
    if (!found) return undefined
    const isWanted = found.owner !== undefined && this.#nowMs() - found.usedMs < RECENT_MS
    if (isWanted && this.#opening === 0 && this.#mayOpen()) void this.#open(shape)
    return this.#give(found)
  }

  /** Waits for a backend. Throws `pool_wait_timed_out`, the abort's reason, or why none could be opened. */
  async take(client: object, shape: StartupShape, signal: AbortSignal): Promise<PooledBackend> {
    const { clock, settings } = this.#options
    signal.throwIfAborted()
    const done = Promise.withResolvers<PooledBackend>()
    const waiter: Waiter = { client, shape, sinceMs: this.#nowMs(), done }
    this.#waiting.push(waiter)
    const met = new AbortController()
    const onAbort = () => done.reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    void clock.sleep(settings.queueTimeoutMs, met.signal).then(
      () => done.reject(this.#timedOut()),
      () => {},
    )
    this.pump()
    try {
      return await done.promise
    } finally {
      met.abort()
      signal.removeEventListener('abort', onAbort)
      const at = this.#waiting.indexOf(waiter)
      if (at !== -1) this.#waiting.splice(at, 1)
      if (this.#waiting.length === 0) this.#options.slots.hungry.delete(this)
    }
  }

  /** The client's transaction is over. */
  giveBack(backend: PooledBackend): void {
    backend.letGo()
    if (backend.isLost) return
    const { settings, slots } = this.#options
    const nowMs = this.#nowMs()
    backend.usedMs = nowMs
    const isOld = nowMs - backend.openedMs >= settings.lifetimeMs
    const isTooMany = this.#backends.size > this.limit
    // Another pool has clients that wait and nothing, or less than its part.
    const isAsked = slots.hungry.size > 0 && !slots.hungry.has(this) && slots.isFull
    if (isOld || isTooMany || isAsked || this.#ending.signal.aborted) return backend.close()
    this.#idle.add(backend)
    if (this.#waiting.length > 0) this.pump()
  }

  /** One backend stays with one client; false where half of them do. */
  pin(): boolean {
    if (this.#pinned >= Math.max(1, Math.floor(this.limit / 2))) return false
    this.#pinned += 1
    return true
  }

  unpin(): void {
    this.#pinned -= 1
  }

  /** Closes what nobody needed since then. */
  closeIdle(usedBeforeMs: number): void {
    for (const backend of this.#idle) if (backend.usedMs <= usedBeforeMs) this.#close(backend)
  }

  /** Closes the one that was unused for longest. */
  closeOne(): void {
    const [oldest] = this.#idle
    if (oldest) this.#close(oldest)
  }

  /** Ends all; whoever waits is told. */
  end(reason: Error): void {
    this.#ending.abort(reason)
    for (const { done } of this.#waiting) done.reject(reason)
    for (const backend of this.#backends) backend.close()
  }

  /** Gives what is free to who waits, and opens what may be opened. */
  pump(): void {
    for (;;) {
      const [head] = this.#waiting
      if (!head) break
      const free = this.#freeFor(head.shape.startupClass)
      if (!free) break
      this.#waiting.shift()
      head.done.resolve(this.#give(free))
    }
    for (const waiter of this.#waiting.slice(this.#opening)) {
      if (!this.#mayOpen() && !this.#makePlace()) break
      void this.#open(waiter.shape)
    }
    const { slots } = this.#options
    if (this.#waiting.length > this.#opening && slots.isFull && this.size < this.#fairShare())
      slots.hungry.add(this)
    else slots.hungry.delete(this)
  }

  #fairShare(): number {
    return Math.max(1, Math.min(this.limit, Math.floor(this.#options.slots.total / 2)))
  }

  #mayOpen(): boolean {
    return this.size < this.limit && !this.#options.slots.isFull
  }

  /** Closes a free backend of another class. */
  #makePlace(): boolean {
    const [oldest] = this.#idle
    if (!oldest) {
      if (this.size < this.limit) this.#options.onPlace()
      return false
    }
    this.#close(oldest)
    return this.#mayOpen()
  }

  /** The one whose client is least likely to come for it. */
  #freeFor(startupClass: string): PooledBackend | undefined {
    let found: PooledBackend | undefined
    for (const backend of this.#idle) {
      if (backend.startupClass !== startupClass) continue
      if (backend.owner === undefined) return backend
      found ??= backend
    }
    return found
  }

  #give(backend: PooledBackend): PooledBackend {
    this.#idle.delete(backend)
    return backend
  }

  async #open(shape: StartupShape): Promise<void> {
    const { slots, open, release, logger } = this.#options
    const id = randomUUID()
    this.#opening += 1
    slots.take()
    let login: Backend
    try {
      login = await open(id, shape.packet, this.#ending.signal)
    } catch (error) {
      this.#opening -= 1
      slots.giveBack()
      release(id)
      this.#openFailed(error, shape)
      return
    }
    const backend = this.#add(id, login, shape)
    try {
      await this.#prepare(backend, login.rest, shape)
      logger.debug({ backend: backend.processId, size: this.size }, 'pooled backend opened')
      this.giveBack(backend)
    } catch {
      // It went away again.
      backend.destroy()
      this.#pumpLater()
    }
  }

  #add(id: string, login: Backend, { startupClass }: StartupShape): PooledBackend {
    const onLost = (lost: PooledBackend) => this.#lost(lost)
    const backend = new PooledBackend(login, { id, startupClass, nowMs: this.#nowMs(), onLost })
    this.#opening -= 1
    this.#backends.add(backend)
    if (backend.isLost) this.#lost(backend)
    return backend
  }

  /** Throws when it is lost meanwhile. */
  async #prepare(backend: PooledBackend, rest: Buffer, shape: StartupShape): Promise<void> {
    await backend.ready(rest)
    if (!this.greetings.has(shape.startupClass))
      this.greetings.set(shape.startupClass, new Map(backend.parameters))
    const { rows } = await backend.run(`SELECT pg_catalog.current_setting('max_connections')`)
    const most = Number(rows[0]?.[0])
    if (most > 0) this.#options.slots.learn(most)
  }

  #openFailed(error: unknown, { startupClass }: StartupShape): void {
    if (error instanceof BackendRefusedError && error.fields.code === TOO_MANY) return this.#pumpLater()
    const at = this.#waiting.findIndex((each) => each.shape.startupClass === startupClass)
    if (at !== -1) this.#waiting.splice(at, 1)[0]?.done.reject(error)
    this.pump()
  }

  #pumpLater(): void {
    void this.#options.clock.sleep(FULL_PAUSE_MS, this.#ending.signal).then(
      () => this.pump(),
      () => {},
    )
  }

  #lost(backend: PooledBackend): void {
    if (!this.#backends.delete(backend)) return
    this.#idle.delete(backend)
    const { slots, release, onPlace } = this.#options
    slots.giveBack()
    release(backend.id)
    if (this.#waiting.length > 0) this.pump()
    onPlace()
  }

  #close(backend: PooledBackend): void {
    this.#idle.delete(backend)
    backend.close()
  }

  #timedOut(): LakeletError {
    const { settings } = this.#options
    return new LakeletError('pool_wait_timed_out', {
      seconds: settings.queueTimeoutMs / 1000,
      size: this.limit,
      waiting: this.#waiting.length,
    })
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }
}
