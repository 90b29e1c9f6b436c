// The compute of one endpoint: at most one Postgres cluster, started by the first who needs it, stopped when nobody does.
//
//   idle ──▶ starting ──▶ active ──▶ stopping ──▶ idle
//              │            │           │
//              └─▶ failed ◀─┴───────────┘           failed ──▶ starting
//
// All changes run one after the other under one lock. Waking an active compute takes no lock: the check for idleness ends
// with a look, without a pause in between, at whether anybody touched the compute since it began, and whoever is told that the
// compute is awake has touched it. So a wake that races a suspend is either served or starts the compute again.
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import {
  type AdminConnection,
  type Cluster,
  type ClusterExit,
  type LoginRole,
  type PostgresInstallation,
  connectAdmin,
  findLoginRole,
  listLoginRoles,
  socketDirectoryFor,
  sqlStateOf,
  startCluster,
} from '../postgres/index.ts'
import { type AwakeBecause, type ClusterActivity, readActivity } from './idle-check.ts'
import { type LoginRoles, readLoginNote, writeLoginNote } from './login-notes.ts'
import type { CatalogObserver, EndpointSource, EndpointSpec, StateListener } from './ports.ts'
import { IdleWatch } from './idle-watch.ts'
import { StartBackoff } from './start-backoff.ts'
import { untilAborted } from './until-aborted.ts'
import { type ComputeState, MOVES, type SuspendReason } from './states.ts'

/** Where an awake compute listens. */
export interface AwakeCompute {
  readonly socketPath: string
  readonly socketDirectory: string
}

/** What people and the API may want to know about a compute. */
export interface ComputeActivity {
  readonly state: ComputeState
  /** Since when it is in this state. */
  readonly since: Date
  readonly sessions: number
  readonly lastActiveAt: Date | undefined
  /** What kept it awake when it would otherwise have been suspended. */
  readonly awakeBecause: AwakeBecause | undefined
  readonly lastSuspendReason: SuspendReason | undefined
  /** Why the last start failed or the server ended by itself. */
  readonly lastError: string | undefined
}

export interface ComputeOptions {
  readonly uid: string
  readonly installation: PostgresInstallation
  readonly endpoints: EndpointSource
  readonly catalogs: CatalogObserver | undefined
  readonly onStateChanged: StateListener
  readonly log: Logger
  readonly clock: Clock
}

interface Running {
  readonly cluster: Cluster
  readonly spec: EndpointSpec
}

export class Compute {
  readonly #options: ComputeOptions
  readonly #lock = new KeyedMutex<'compute'>()
  #state: ComputeState = 'idle'
  #since: Date
  #running: Running | undefined
  #starting: Promise<AwakeCompute> | undefined
  #catalog: Promise<AdminConnection> | undefined
  #known: LoginRoles | undefined
  readonly #closing = new AbortController()
  #sessions = 0
  #holds = 0
  readonly #idle: IdleWatch
  readonly #backoff = new StartBackoff()
  #lastActiveAt: Date | undefined
  #awakeBecause: AwakeBecause | undefined
  #lastSuspendReason: SuspendReason | undefined
  #lastError: string | undefined

  constructor(options: ComputeOptions) {
    this.#options = options
    this.#since = options.clock.now()
    this.#idle = new IdleWatch(options.clock.monotonicMs())
  }

  get state(): ComputeState {
    return this.#state
  }

  activity(): ComputeActivity {
    return {
      state: this.#state,
      since: this.#since,
      sessions: this.#sessions,
      lastActiveAt: this.#lastActiveAt,
      awakeBecause: this.#awakeBecause,
      lastSuspendReason: this.#lastSuspendReason,
      lastError: this.#lastError,
    }
  }

  touch(): void {
    this.#idle.touch(this.#now())
    this.#lastActiveAt = this.#options.clock.now()
  }

  sessionOpened(): void {
    this.#sessions += 1
    this.touch()
  }

  sessionClosed(): void {
    this.#sessions = Math.max(0, this.#sessions - 1)
    this.touch()
  }

  /** See `Computes.wake`. */
  async wake(signal?: AbortSignal): Promise<AwakeCompute> {
    signal?.throwIfAborted()
    this.touch()
    if (this.#state === 'active' && this.#running?.cluster.isAccepting)
      return addressOf(this.#running.cluster)
    this.#starting ??= this.#lock
      .run('compute', () => this.#ensureActive())
      .finally(() => {
        this.#starting = undefined
      })
    const awake = await untilAborted(this.#starting, signal)
    this.touch()
    return awake
  }

  /** See `Computes.suspend`. */
  async suspend(reason: SuspendReason): Promise<void> {
    if (reason === 'deleted' || reason === 'workspace stops')
      this.#closing.abort(new LakeletError('workspace_stopping'))
    await this.#lock.run('compute', async () => {
      if (this.#state === 'active') await this.#stop(reason)
    })
  }

  /** Suspends the compute if it has been idle for as long as its endpoint says. */
  async suspendIfIdle(): Promise<void> {
    if (!this.#isDue()) return
    await this.#lock.run('compute', async () => {
      if (!this.#isDue()) return
      const began = this.#now()
      const activity = await this.#readActivity()
      this.#awakeBecause = activity.awakeBecause
      this.#idle.saw(activity, this.#running?.spec.suspendAfterMs ?? null, began)
      if (this.#isDue()) await this.#stop('idle')
    })
  }

  /** See `Computes.withAdmin`. */
  async withAdmin<T>(
    work: (admin: AdminConnection) => Promise<T>,
    options: { database?: string; signal?: AbortSignal },
  ): Promise<T> {
    this.#holds += 1
    try {
      const awake = await this.wake(options.signal)
      await using admin = await connectAdmin(awake, {
        purpose: 'admin',
        ...(options.database ? { database: options.database } : {}),
      })
      return await work(admin)
    } finally {
      this.#holds -= 1
      this.touch()
    }
  }

  /** See `Computes.peek`. */
  async peek<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T | undefined> {
    if (this.#state !== 'active' || !this.#running?.cluster.isAccepting) return undefined
    try {
      return await work(await this.#openCatalog())
    } catch (error) {
      await this.#closeCatalog()
      const state = sqlStateOf(error)
      if (state !== undefined && !/^(08|57)/.test(state)) throw error
      return undefined
    }
  }

  /** See `Computes.withFiles`. */
  async withFiles<T>(work: (connect?: () => Promise<AdminConnection>) => Promise<T>): Promise<T> {
    return this.#lock.run('compute', async () => {
      const cluster = this.#state === 'active' ? this.#running?.cluster : undefined
      return cluster ? work(() => connectAdmin(cluster, { purpose: 'clone' })) : work()
    })
  }

  /** See `Computes.knownLoginRole`. */
  async knownLoginRole(name: string): Promise<LoginRole | 'absent' | undefined> {
    // Whoever asks has not authenticated: it neither wakes the compute nor keeps it awake.
    for (;;) {
      if (this.#state === 'starting' || this.#state === 'stopping')
        await this.#lock.run('compute', async () => undefined)
      if (this.#state === 'active') {
        const role = await this.#lookUp(name)
        if (role !== undefined) return role
      } else {
        this.#known ??= await this.#readNote()
        return this.#known && (this.#known.get(name) ?? 'absent')
      }
    }
  }

  /** See `Computes.readLoginRole`. */
  async readLoginRole(name: string, signal?: AbortSignal): Promise<LoginRole | 'absent'> {
    for (;;) {
      await this.wake(signal)
      const role = await this.#lookUp(name)
      if (role !== undefined) return role
    }
  }

  /** The role in the catalog; undefined when the connection went away, with the compute or with a crash it recovers from. */
  async #lookUp(name: string): Promise<LoginRole | 'absent' | undefined> {
    const running = this.#running
    if (!running || (await running.cluster.ready())) return undefined
    try {
      return (await findLoginRole(await this.#openCatalog(), name)) ?? 'absent'
    } catch (error) {
      await this.#closeCatalog()
      const state = sqlStateOf(error)
      if (state !== undefined && !/^(08|57)/.test(state)) throw error
      this.#options.log.warn({ err: error }, 'the connection to the catalog was lost')
      await this.#options.clock.sleep(10)
      return undefined
    }
  }

  async #readActivity(): Promise<ClusterActivity> {
    try {
      return await readActivity(await this.#openCatalog())
    } catch (error) {
      await this.#closeCatalog()
      throw error
    }
  }

  #isDue(): boolean {
    if (this.#state !== 'active' || !this.#running || this.#holds > 0) return false
    return this.#idle.isDue(this.#running.spec.suspendAfterMs, this.#now())
  }

  #now(): number {
    return this.#options.clock.monotonicMs()
  }

  async #ensureActive(): Promise<AwakeCompute> {
    if (this.#state === 'active' && this.#running) {
      const { cluster } = this.#running
      const exit = await cluster.ready()
      if (!exit) return addressOf(cluster)
      this.#crashed(cluster, exit)
    }
    if (this.#closing.signal.aborted) throw new LakeletError('workspace_stopping')
    this.#backoff.throwIfKept(this.#now())
    const spec = await this.#options.endpoints.load(this.#options.uid)
    if (!spec) throw new LakeletError('endpoint_unknown')
    if (spec.disabled) throw new LakeletError('endpoint_disabled')
    return this.#start(spec)
  }

  async #start(spec: EndpointSpec): Promise<AwakeCompute> {
    const began = performance.now()
    this.#move('starting')
    this.#known = undefined
    try {
      const cluster = await startCluster(
        {
          installation: this.#options.installation,
          dataDirectory: spec.dataDirectory,
          socketDirectory: socketDirectoryFor(this.#options.installation, this.#options.uid),
          settings: { maxCu: spec.maxCu, extra: spec.settings },
          logFile: path.join(path.dirname(spec.dataDirectory), 'postgres.log'),
          log: this.#options.log,
        },
        this.#closing.signal,
      )
      this.#running = { cluster, spec }
      void cluster.exited.then((exit) => this.#crashed(cluster, exit))
      this.#backoff.succeeded()
      this.#lastError = undefined
      this.#move('active', { durationMs: Math.round(performance.now() - began) })
      return addressOf(cluster)
    } catch (error) {
      this.#startFailed(error)
      throw error
    }
  }

  #startFailed(error: unknown): void {
    this.#backoff.failed(error, this.#now())
    this.#lastError = error instanceof Error ? error.message : String(error)
    this.#options.log.error({ err: error, failures: this.#backoff.failures }, 'the compute did not start')
    this.#move('failed')
  }

  async #stop(reason: SuspendReason): Promise<void> {
    if (!this.#running) return
    const { cluster, spec } = this.#running
    this.#move('stopping', { reason })
    const roles = await this.#lastRoles(spec.branchUid)
    await this.#closeCatalog()
    const exit = await cluster.stop()
    this.#running = undefined
    this.#awakeBecause = undefined
    this.#lastSuspendReason = reason
    const isClean = exit.code === 0
    if (isClean && roles) await this.#note(spec.dataDirectory, roles)
    this.#move(isClean ? 'idle' : 'failed')
  }

  /** Ends all sessions and reads who may log in: from then on nothing changes that any more. */
  async #lastRoles(branchUid: string): Promise<LoginRole[] | undefined> {
    try {
      const admin = await this.#openCatalog()
      await admin.query(
        `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
           WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()`,
      )
      await this.#options.catalogs?.observe(branchUid, admin)
      return await listLoginRoles(admin)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the roles could not be read before the compute stops')
      return undefined
    }
  }

  async #note(dataDirectory: string, roles: readonly LoginRole[]): Promise<void> {
    try {
      await writeLoginNote(dataDirectory, roles)
      this.#known = new Map(roles.map((role) => [role.name, role]))
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the roles of the suspended compute could not be noted')
    }
  }

  async #readNote(): Promise<LoginRoles | undefined> {
    const spec = await this.#options.endpoints.load(this.#options.uid)
    const known = spec && (await readLoginNote(spec.dataDirectory))
    // It may have been started in the meantime.
    return this.#state === 'idle' ? known : undefined
  }

  /** The server ended without being told to. */
  #crashed(cluster: Cluster, exit: ClusterExit): void {
    if (this.#running?.cluster !== cluster || this.#state !== 'active') return
    this.#running = undefined
    this.#lastError = `Postgres ended by itself (exit code ${exit.code}, signal ${exit.signal})`
    this.#options.log.error(
      { code: exit.code, signal: exit.signal, lastLines: exit.lastLines },
      'the compute crashed',
    )
    void this.#closeCatalog()
    this.#move('failed')
  }

  #openCatalog(): Promise<AdminConnection> {
    if (!this.#running) throw new LakeletError('compute_unreachable', { reason: 'it is not running' })
    this.#catalog ??= connectAdmin(this.#running.cluster, { purpose: 'catalog' })
    return this.#catalog
  }

  async #closeCatalog(): Promise<void> {
    const catalog = this.#catalog
    this.#catalog = undefined
    await catalog?.then((admin) => admin[Symbol.asyncDispose]()).catch(() => undefined)
  }

  #move(to: ComputeState, details: object = {}): void {
    const from = this.#state
    if (!MOVES[from].includes(to))
      throw new Error(`compute ${this.#options.uid}: ${from} cannot become ${to}`)
    this.#state = to
    this.#since = this.#options.clock.now()
    this.#options.log.info({ from, to, ...details }, 'compute changed its state')
    this.#options.onStateChanged(this.#options.uid, to, this.#since)
  }
}

function addressOf(cluster: Cluster): AwakeCompute {
  return { socketPath: cluster.socketPath, socketDirectory: cluster.socketDirectory }
}
