// oxlint-disable max-lines -- one machine of five stages, which share all of its state
// One pooled client: it has a backend from the first message of a transaction until that is over, and between transactions none.
import type { Socket } from 'node:net'
import { encodeParameterStatus, encodeReadyForQuery } from '@lakelet/wire'
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import { closeClient } from '../close-client.ts'
import { BackendRefusedError } from '../connect-compute.ts'
import type { ParkRefusal, SessionState, TrafficBytes } from '../control.ts'
import { ProtocolTracker } from '../protocol-tracker.ts'
import { fatal, refusalOf } from '../refusal.ts'
import type { RelayEnd } from '../relay.ts'
import type { StartupShape } from './pool-options.ts'
import type { Pool } from './pool.ts'
import { BackendLostError, type PooledBackend } from './pooled-backend.ts'
import { Replies } from './replies.ts'
import { ReplyQueue } from './reply-queue.ts'
import { Requests } from './requests.ts'
import { Leavings } from './leavings.ts'
import type { PinReason } from './session-state.ts'
import type { StatementRegistry } from './statements.ts'

export interface PooledRelayOptions {
  readonly session: string
  readonly client: Socket
  /** Bytes that came behind the login. */
  readonly fromClient: Buffer
  /** What the client has been told of the settings. */
  readonly parameters: Map<string, string>
  readonly pool: Pool
  readonly shape: StartupShape
  readonly registry: StatementRegistry
  readonly maxPreparedStatements: number
  readonly clock: Clock
  readonly halfClosedMs: number
  /** The client sent bytes; see `RelayOptions`. */
  readonly onClientBytes: (nowMs: number) => void
}

/** `free`: it has no backend and wants none. `taking`: it waits for one. `held`: it talks to it. `settling`: we ask it what was left behind. */
type Stage = 'free' | 'taking' | 'held' | 'settling' | 'over'

const TERMINATE = 0x58
const NOTHING = Buffer.alloc(0)
/** A client without a backend is read no further. */
const READ_AHEAD = 64 * 1024
/** What PostgreSQL says of a plan whose result has changed (feature_not_supported, in plancache.c). */
const STALE_PLAN = 'RevalidateCachedQuery'

export class PooledRelay {
  /** Resolves when the client is gone and its backend given back. */
  readonly ended: Promise<RelayEnd>
  readonly #options: PooledRelayOptions
  readonly #done = Promise.withResolvers<RelayEnd>()
  readonly #life = new AbortController()
  readonly #tracker = new ProtocolTracker()
  readonly #queue = new ReplyQueue()
  readonly #requests: Requests
  readonly #replies: Replies
  readonly #leavings: Leavings
  #stage: Stage = 'free'
  #backend: PooledBackend | undefined
  #last: PooledBackend | undefined
  #early: Buffer[] = []
  #earlyLength = 0
  #isLeaving = false
  #isHeldUp = false
  #moves = 0
  #fromClient = 0
  #toClient = 0
  #lastBytesMs: number

  constructor(options: PooledRelayOptions) {
    this.#options = options
    this.ended = this.#done.promise
    this.#lastBytesMs = options.clock.monotonicMs()
    this.#leavings = new Leavings(options.pool)
    const { registry, maxPreparedStatements } = options
    this.#requests = new Requests({
      replies: this.#queue,
      registry,
      maxPreparedStatements,
      onFacts: (facts) => {
        this.#leavings.add(facts)
        if (facts.mayPrepare && this.#backend) this.#backend.mayHide = true
      },
      hasFailed: () => this.#tracker.transactionStatus === 'failed',
    })
    this.#replies = new Replies({
      queue: this.#queue,
      onParameter: (name, value) => this.#learn(name, value),
      onError: (fields) => this.#onError(fields),
    })
    this.#tracker.serverSent(encodeReadyForQuery('I'))
  }

  get lastBytesMs(): number {
    return this.#lastBytesMs
  }

  get moves(): number {
    return this.#moves
  }

  get bytes(): TrafficBytes {
    return { fromClient: this.#fromClient, toClient: this.#toClient }
  }

  get state(): SessionState | undefined {
    if (this.#stage === 'taking') return 'waiting'
    if (this.#tracker.isBroken) return undefined
    if (this.#stage === 'free' || this.#tracker.isIdle) return 'idle'
    return this.#tracker.isQuiet ? 'transaction' : 'active'
  }

  /** The backend that it has now. */
  get processId(): number | undefined {
    return this.#backend?.processId
  }

  /** Why it keeps its backend between transactions. */
  get pinned(): PinReason | undefined {
    return this.#leavings.pinned
  }

  /** Without a backend it is parked already. */
  get parkRefusal(): ParkRefusal | undefined {
    if (!this.#backend) return undefined
    const { state } = this
    return state === 'idle'
      ? this.pinned
        ? 'state_unknown'
        : undefined
      : state === 'transaction'
        ? state
        : 'active'
  }

  start(): void {
    const { client, fromClient } = this.#options
    client.on('data', (chunk: Buffer) => this.#onData(chunk))
    client.on('drain', () => this.#backend?.resume())
    client.once('end', () => void this.#onClientEnd())
    client.once('close', () => void this.#finish('client'))
    client.on('error', () => void this.#finish('client'))
    if (fromClient.length > 0) this.#onData(fromClient)
    if (client.destroyed) void this.#finish('client')
    client.resume()
  }

  /** Cancels what it does now; nobody else is hit. */
  async cancel(): Promise<void> {
    if (this.#stage === 'held') await this.#backend?.cancel()
  }

  async terminate(farewell: Buffer): Promise<void> {
    if (this.#stage === 'over') return
    this.#backend?.pause()
    await this.#finish('gateway', farewell)
  }

  cut(): void {
    this.#backend?.destroy()
    this.#options.client.destroy()
  }

  #onData(chunk: Buffer): void {
    if (this.#stage === 'over') return
    this.#moved()
    this.#fromClient += chunk.length
    this.#options.onClientBytes(this.#lastBytesMs)
    if (this.#stage === 'held') return this.#forward(chunk)
    this.#early.push(chunk)
    this.#earlyLength += chunk.length
    if (this.#earlyLength >= READ_AHEAD) this.#options.client.pause()
    if (this.#stage === 'free') this.#begin()
  }

  /** The first message of a transaction. */
  #begin(): void {
    const first = this.#early[0]
    if (first === undefined) return
    if (first[0] === TERMINATE && !this.#requests.isInside) return void this.#finish('client')
    const { pool, shape } = this.#options
    this.#stage = 'taking'
    const backend = pool.takeNow(this, shape, this.#last)
    if (backend && backend.owner === this && !backend.quiet && !backend.isLost) this.#attach(backend, true)
    else void this.#take(backend).catch((error: unknown) => this.#refuse(error))
  }

  async #take(found: PooledBackend | undefined): Promise<void> {
    const { pool, shape } = this.#options
    let backend = found
    for (;;) {
      backend ??= await pool.take(this, shape, this.#life.signal)
      const isSame = backend.owner === this
      if (await this.#prepare(backend, isSame)) return this.#attach(backend, isSame)
      backend = undefined
      this.#life.signal.throwIfAborted()
    }
  }

  /** Makes the backend the client's; false when it was lost in that, and another is needed. */
  async #prepare(backend: PooledBackend, isSame: boolean): Promise<boolean> {
    try {
      await backend.quiet
      if (!isSame) await this.#leavings.renew(backend, this.#options.shape.applicationName)
      if (backend.isLost) return false
      if (!this.#life.signal.aborted) return true
      backend.owner = undefined
      backend.close()
      return false
    } catch (error) {
      backend.close()
      if (error instanceof BackendLostError) return false
      throw error
    }
  }

  #attach(backend: PooledBackend, isSame: boolean): void {
    const { client } = this.#options
    this.#backend = backend
    this.#last = backend
    backend.owner = this
    backend.hold({
      onChunk: (chunk, giveBack) => this.#onAnswer(chunk, giveBack),
      onLost: () => this.#onLost(),
    })
    backend.onDrain = () => client.resume()
    this.#requests.attach(backend, isSame)
    for (const [name, value] of backend.parameters) this.#tell(name, value)
    this.#stage = 'held'
    this.#flushEarly()
  }

  #flushEarly(): void {
    this.#options.client.resume()
    // What was answered without the backend is over at once, and the rest is the beginning of something else.
    while (this.#stage === 'held') {
      const chunk = this.#early.shift()
      if (!chunk) break
      this.#earlyLength -= chunk.length
      this.#forward(chunk)
    }
  }

  #forward(chunk: Buffer): void {
    const backend = this.#backend
    if (!backend) return
    const out = this.#requests.take(chunk).filter(({ length }) => length > 0)
    const [first, ...others] = out
    if (first) {
      const bytes = others.length === 0 ? first : Buffer.concat(out)
      this.#tracker.clientSent(bytes)
      if (!backend.write(bytes)) this.#options.client.pause()
    }
    for (const made of this.#queue.due()) this.#send(made)
    this.#isHeldUp = this.#requests.isWaiting
    if (this.#isHeldUp) this.#options.client.pause()
    if (this.#requests.isOver) this.#isLeaving = true
    if (this.#tracker.isBroken) void this.#finish('gateway')
    else if (this.#tracker.isIdle && !this.#requests.isInside) this.#transactionOver()
    else if (this.#isLeaving && this.#tracker.isQuiet) void this.#finish('client')
  }

  #onAnswer(chunk: Buffer, giveBack: () => void): boolean {
    this.#moved()
    this.#tracker.serverSent(chunk)
    const out = this.#replies.take(chunk)
    const { client } = this.#options
    if (out.length > 1) client.cork()
    let mayGoOn = true
    for (const [at, piece] of out.entries()) {
      this.#toClient += piece.length
      mayGoOn = at === out.length - 1 ? client.write(piece, giveBack) : client.write(piece)
    }
    if (out.length > 1) client.uncork()
    if (out.length === 0) giveBack()
    if (this.#isHeldUp && !this.#requests.isWaiting) this.#goOn()
    if (this.#tracker.isBroken) void this.#finish('gateway')
    else if (this.#tracker.isIdle && !this.#requests.isInside) this.#transactionOver()
    else if (this.#isLeaving && this.#tracker.isQuiet) void this.#finish('client')
    return mayGoOn
  }

  /** What was kept until the backend had said enough. */
  #goOn(): void {
    this.#isHeldUp = false
    this.#options.client.resume()
    this.#forward(NOTHING)
  }

  #transactionOver(): void {
    const backend = this.#backend
    if (!backend || this.#stage !== 'held') return
    this.#queue.clear()
    if (this.#isLeaving) return void this.#finish('client')
    if (this.#leavings.mustLook) {
      this.#stage = 'settling'
      void this.#settle(backend).catch((error: unknown) => this.#refuse(error))
    } else if (this.#leavings.pinned === undefined) this.#letGo(backend)
  }

  #letGo(backend: PooledBackend): void {
    this.#drop()
    if (this.#requests.isSoiled) backend.close()
    else this.#options.pool.giveBack(backend)
    if (this.#early.length > 0) this.#begin()
  }

  /** It has no backend from now on. */
  #drop(): void {
    this.#backend?.letGo()
    this.#backend = undefined
    if (this.#stage !== 'over') this.#stage = 'free'
  }

  /** Asks the backend what the transaction left behind, which decides whether the client can do without it. */
  async #settle(backend: PooledBackend): Promise<void> {
    try {
      const isFree = await this.#leavings.look(backend, this.#requests)
      if (this.#stage !== 'settling') return
      if (isFree) return this.#letGo(backend)
      this.#stage = 'held'
      this.#flushEarly()
    } catch (error) {
      // `#onLost` has ended the client.
      if (!(error instanceof BackendLostError)) throw error
    }
  }

  #onLost(): void {
    // Also while it is asked what was left behind: a setting that the client was told is in force must not be missing from its next transaction.
    void this.#finish('backend')
  }

  #onError(fields: Buffer): void {
    if (fields.includes(STALE_PLAN)) this.#requests.forgetPlans()
  }

  #learn(name: string, value: string): void {
    this.#backend?.parameters.set(name, value)
    this.#options.parameters.set(name, value)
  }

  #tell(name: string, value: string): void {
    if (this.#options.parameters.get(name) === value) return
    this.#options.parameters.set(name, value)
    this.#send(encodeParameterStatus(name, value))
  }

  #send(bytes: Buffer): void {
    this.#toClient += bytes.length
    this.#options.client.write(bytes)
  }

  #moved(): void {
    this.#lastBytesMs = this.#options.clock.monotonicMs()
    this.#moves += 1
  }

  /** What it said is still carried out and answered, until nothing moves any more. */
  async #onClientEnd(): Promise<void> {
    const { clock, halfClosedMs } = this.#options
    this.#isLeaving = true
    if (this.#stage === 'free' || this.#tracker.isQuiet) return void this.#finish('client')
    while (this.#stage !== 'over') {
      await clock.sleep(halfClosedMs, this.#life.signal).catch(() => {})
      if (clock.monotonicMs() - this.#lastBytesMs >= halfClosedMs) await this.#finish('client')
    }
  }

  #refuse(error: unknown): void {
    if (this.#stage === 'over') return
    const isServers = error instanceof BackendRefusedError
    void this.#finish('gateway', isServers ? error.bytes : fatal(refusalOf(error, this.#options.session)))
  }

  async #finish(end: RelayEnd, farewell?: Buffer): Promise<void> {
    if (this.#stage === 'over') return
    const wasSettled = this.#tracker.isIdle && this.#stage !== 'settling' && !this.#leavings.mustLook
    this.#stage = 'over'
    this.#life.abort(new LakeletError('gateway_stopping'))
    const { client, clock, pool } = this.#options
    const backend = this.#backend
    const isClean = wasSettled && this.#leavings.pinned === undefined && !this.#requests.isSoiled
    if (farewell && this.#tracker.isBetweenMessages) client.write(farewell)
    if (backend && !backend.isLost) {
      backend.pause()
      if (isClean) pool.giveBack(backend)
      else {
        if (this.#tracker.isBusy) await backend.cancel()
        backend.destroy()
      }
    }
    this.#backend = undefined
    this.#leavings.end()
    await closeClient(client, clock)
    this.#done.resolve(end)
  }
}
