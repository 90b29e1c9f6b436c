// The compute of one endpoint: at most one Postgres cluster, started by the first who needs it, stopped when nobody does.
//
//   idle ──▶ starting ──▶ active ──▶ stopping ──▶ idle
//              │            │           │
//              └─▶ failed ◀─┴───────────┘           failed ──▶ starting
//
// All changes run one after the other under one lock. Waking an active compute takes no lock: the check for idleness ends
// with a look, without a pause in between, at whether anybody touched the compute since it began, and whoever is told that the
// compute is awake has touched it. So a wake that races a suspend is either served or starts the compute again.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import {
  type AdminConnection,
  type Cluster,
  type ClusterAddress,
  type ClusterExit,
  type ClusterSettings,
  type LoginRole,
  type PostgresVersions,
  connectAdmin,
  findLoginRole,
  isConnectionLost,
  listLoginRoles,
  socketDirectoryFor,
  startCluster,
} from '../postgres/index.ts'
import { besideData } from '../storage/index.ts'
import { reloadSettings, type SettingsApplied } from './apply-settings.ts'
import { type AwakeBecause, type ClusterActivity, readActivity } from './idle-check.ts'
import { type LoginRoles, readLoginNote, writeLoginNote } from './login-notes.ts'
import type { CatalogObserver, EndpointSource, EndpointSpec, StateListener } from './ports.ts'
import { IdleWatch } from './idle-watch.ts'
import { StartBackoff } from './start-backoff.ts'
import { untilAborted } from './until-aborted.ts'
import { type ComputeState, MOVES, type SuspendReason } from './states.ts'

/** Where an awake compute listens, and the password that its socket asks of everybody, if it asks. */
export type AwakeCompute = ClusterAddress

/** Longest that a query of the catalog may take while somebody waits to log in, or the compute to stop. */
const CATALOG_MS = 5_000
/** A clone waits for a checkpoint of the whole cluster. */
const CLONE_STATEMENT_MS = 600_000
/** Longest that a change by the API waits for its compute. */
const WAKE_MS = 60_000
/** How long sessions may take to end before their compute stops. */
const SESSIONS_END_MS = 1_000
/** Between two tries to connect to a compute that recovers. */
const RETRY_MS = 10
/** When the workspace stops: how long to wait for what holds the compute, and for its fast shutdown. */
const HELD_MS = 5_000
const LAST_STOP_MS = 8_000

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
  readonly postgres: PostgresVersions
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
  #isLooking = false
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

  /** Somebody uses the database. What the workspace does in it for itself is no activity; it only keeps it from sleeping. */
  touch(): void {
    this.#stayAwake()
    this.#lastActiveAt = this.#options.clock.now()
  }

  #stayAwake(): void {
    this.#idle.touch(this.#now())
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
    this.#stayAwake()
    if (this.#state === 'active' && this.#running && !this.#running.cluster.isOver)
      return this.#running.cluster.address
    this.#starting ??= this.#lock
      .run('compute', () => this.#ensureActive())
      .finally(() => {
        this.#starting = undefined
      })
    const awake = await untilAborted(this.#starting, signal)
    this.#stayAwake()
    return awake
  }

  /** See `Computes.suspend`. */
  async suspend(reason: SuspendReason): Promise<void> {
    if (reason === 'deleted' || reason === 'workspace stops')
      this.#closing.abort(new LakeletError('workspace_stopping'))
    const stopped = this.#lock.run('compute', async () => {
      if (this.#state === 'active') await this.#stop(reason)
    })
    if (reason === 'workspace stops') await this.#stopWithoutLock(stopped)
    await stopped
  }

  /** The end of the workspace does not wait for what holds the compute, such as a long clone: that is done again at the next start. */
  async #stopWithoutLock(stopped: Promise<void>): Promise<void> {
    const given = new AbortController()
    const late = this.#options.clock.sleep(HELD_MS, given.signal).then(
      () => true,
      () => false,
    )
    const isLate = await Promise.race([late, stopped.then(() => false)]).finally(() => given.abort())
    if (!isLate || this.#state !== 'active' || !this.#running) return
    this.#options.log.warn('the compute is stopped though something holds it')
    await this.#running.cluster.stop({ fastMs: LAST_STOP_MS })
  }

  /** Suspends the compute if it has been idle for as long as its endpoint says. */
  async suspendIfIdle(): Promise<void> {
    // A look that waits, for a long clone say, is the only one.
    if (this.#isLooking || !this.#isDue()) return
    this.#isLooking = true
    try {
      await this.#lock.run('compute', () => this.#look())
    } finally {
      this.#isLooking = false
    }
  }

  async #look(): Promise<void> {
    if (!this.#isDue()) return
    const began = this.#now()
    const activity = await this.#readActivity()
    this.#awakeBecause = activity.awakeBecause
    this.#idle.saw(activity, this.#running?.spec.suspendAfterMs ?? null, began)
    // Who is busy is busy until the next look, however long this one took.
    if (activity.awakeBecause === undefined && this.#isDue()) await this.#stop('idle')
  }

  /** See `Computes.withAdmin`. */
  async withAdmin<T>(
    work: (admin: AdminConnection) => Promise<T>,
    options: { database?: string; signal?: AbortSignal },
  ): Promise<T> {
    this.#holds += 1
    try {
      await using admin = await this.#connect(options)
      return await work(admin)
    } finally {
      this.#holds -= 1
      this.#stayAwake()
    }
  }

  /** Connects to the compute, which is woken; one that recovers from a crash is waited for. */
  async #connect(options: { database?: string; signal?: AbortSignal }): Promise<AdminConnection> {
    const { clock } = this.#options
    const late = AbortSignal.timeout(WAKE_MS)
    const signal = options.signal ? AbortSignal.any([options.signal, late]) : late
    for (;;) {
      const awake = await this.wake(signal).catch((error: unknown) => {
        throw late.aborted && error === late.reason ? tooLate(WAKE_MS) : error
      })
      try {
        return await connectAdmin(awake, options.database ? { database: options.database } : {})
      } catch (error) {
        if (!isConnectionLost(error)) throw error
        if (late.aborted) throw tooLate(WAKE_MS)
        await clock.sleep(RETRY_MS, options.signal)
      }
    }
  }

  /** See `Computes.peek`. */
  async peek<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T | undefined> {
    if (this.#state !== 'active' || (this.#running?.cluster.isOver ?? true)) return undefined
    try {
      return await work(await this.#openCatalog())
    } catch (error) {
      await this.#closeCatalog()
      if (!isConnectionLost(error)) throw error
      return undefined
    }
  }

  /** See `Computes.applySettings`. */
  async applySettings(): Promise<SettingsApplied> {
    return this.#lock.run('compute', async () => {
      // What failed with other settings says nothing about these.
      this.#backoff.succeeded()
      const spec = await this.#loadSpec()
      const { cluster } = this.#running ?? {}
      if (this.#state !== 'active' || !cluster || cluster.isOver) return { applied: 'AT_NEXT_START' }
      this.#running = { cluster, spec }
      if (!(await cluster.writeSettings(clusterSettings(spec)))) return { applied: 'UNCHANGED' }
      const restartedFor = await reloadSettings(await this.#openCatalog(), this.#options.clock)
      if (restartedFor.length === 0) return { applied: 'RELOADED' }
      await this.#stop('restart')
      await this.#ensureActive()
      return { applied: 'RESTARTED', restartedFor }
    })
  }

  /** See `Computes.withFiles`. */
  async withFiles<T>(work: (connect?: () => Promise<AdminConnection>) => Promise<T>): Promise<T> {
    return this.#lock.run('compute', async () => {
      const cluster = this.#state === 'active' ? this.#running?.cluster : undefined
      if (!cluster) return work()
      return work(() => connectAdmin(cluster.address, { purpose: 'clone', statementMs: CLONE_STATEMENT_MS }))
    })
  }

  /** See `Computes.knownLoginRole`. */
  async knownLoginRole(name: string): Promise<LoginRole | 'absent' | undefined> {
    // Whoever asks has not authenticated: it neither wakes the compute nor keeps it awake.
    const until = this.#now() + CATALOG_MS
    for (;;) {
      if (this.#now() > until) throw tooLate(CATALOG_MS)
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
    const until = this.#now() + WAKE_MS
    for (;;) {
      await this.wake(signal)
      if (this.#now() > until) throw tooLate(WAKE_MS)
      const role = await this.#lookUp(name)
      if (role !== undefined) return role
    }
  }

  /** The role in the catalog; undefined when the connection went away, with the compute or with a crash it recovers from. */
  async #lookUp(name: string): Promise<LoginRole | 'absent' | undefined> {
    const running = this.#running
    if (!running || running.cluster.isOver) return untilNextTurn()
    try {
      return (await findLoginRole(await this.#openCatalog(), name)) ?? 'absent'
    } catch (error) {
      await this.#closeCatalog()
      if (!isConnectionLost(error)) throw error
      this.#options.log.debug({ err: error }, 'the connection to the catalog was lost')
      await this.#options.clock.sleep(RETRY_MS)
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
      if (!cluster.isOver) return cluster.address
      this.#crashed(cluster, await cluster.exited)
    }
    if (this.#closing.signal.aborted) throw new LakeletError('workspace_stopping')
    this.#backoff.throwIfKept(this.#now())
    const spec = await this.#loadSpec()
    if (spec.disabled) throw new LakeletError('endpoint_disabled')
    return this.#start(spec)
  }

  async #loadSpec(): Promise<EndpointSpec> {
    const spec = await this.#options.endpoints.load(this.#options.uid)
    if (!spec) throw new LakeletError('endpoint_unknown')
    return spec
  }

  async #start(spec: EndpointSpec): Promise<AwakeCompute> {
    const began = performance.now()
    this.#move('starting')
    this.#known = undefined
    try {
      const { postgres } = this.#options
      const cluster = await startCluster(
        {
          installation: await postgres.of(spec.major),
          dataDirectory: spec.dataDirectory,
          socketDirectory: socketDirectoryFor(postgres.host, this.#options.uid),
          settings: clusterSettings(spec),
          logFile: besideData(spec.dataDirectory).log,
          log: this.#options.log,
        },
        this.#closing.signal,
      )
      this.#running = { cluster, spec }
      void cluster.exited.then((exit) => this.#crashed(cluster, exit))
      this.#backoff.succeeded()
      this.#lastError = undefined
      this.#move('active', { durationMs: Math.round(performance.now() - began) })
      return cluster.address
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
    const exit = await cluster.stop(reason === 'workspace stops' ? { fastMs: LAST_STOP_MS } : {})
    this.#running = undefined
    this.#awakeBecause = undefined
    this.#lastSuspendReason = reason
    const isClean = exit.code === 0
    if (isClean && roles) await this.#note(spec.dataDirectory, roles)
    this.#move(isClean ? 'idle' : 'failed')
  }

  /**
   * Ends all sessions and reads who may log in. Somebody may still log in between that and the shutdown, past a gateway that was
   * told of it, and change a role: what was read is then as old as this.
   */
  async #lastRoles(branchUid: string): Promise<LoginRole[] | undefined> {
    try {
      const admin = await this.#openCatalog()
      await this.#endSessions(admin)
      await this.#options.catalogs?.observe(branchUid, admin)
      return await listLoginRoles(admin)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the roles could not be read before the compute stops')
      return undefined
    }
  }

  async #endSessions(admin: AdminConnection): Promise<void> {
    const others = `backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()`
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)
    const until = this.#now() + SESSIONS_END_MS
    const left = async () => admin.query(`SELECT pid FROM pg_stat_activity WHERE ${others} LIMIT 1`)
    while (this.#now() < until && (await left()).length > 0) await this.#options.clock.sleep(2)
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
    void this.#closeCatalog()
    if (exit.expected) return this.#move('failed')
    this.#lastError = `Postgres ended by itself (exit code ${exit.code}, signal ${exit.signal})`
    this.#options.log.error(
      { code: exit.code, signal: exit.signal, lastLines: exit.lastLines },
      'the compute crashed',
    )
    this.#move('failed')
  }

  #openCatalog(): Promise<AdminConnection> {
    if (!this.#running) throw new LakeletError('compute_unreachable', { reason: 'it is not running' })
    this.#catalog ??= connectAdmin(this.#running.cluster.address, {
      purpose: 'catalog',
      connectMs: CATALOG_MS,
      statementMs: CATALOG_MS,
    })
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

/** An ended server is noted as such in one of the next turns of the event loop. */
async function untilNextTurn(): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, 1))
  return undefined
}

function clusterSettings(spec: EndpointSpec): ClusterSettings {
  return { maxCu: spec.maxCu, extra: spec.settings }
}

function tooLate(ms: number): LakeletError {
  return new LakeletError('compute_unreachable', { reason: `it did not answer within ${ms / 1000} s` })
}
