// oxlint-disable max-lines -- who may start and stop a server is one thing, under one lock
// The compute of one endpoint: at most one server, started by the first who needs it, stopped when nobody does.
//
// All changes run one after the other under the lock of the branch. Waking an active compute takes no lock: the check for idleness
// ends with a look, without a pause in between, at whether anybody touched the compute since it began, and whoever is told that the
// compute is awake has touched it. So a wake that races a suspend is either served or starts the compute again.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { AdminConnection, MemoryReport } from '../postgres/index.ts'
import type { ComputeActivity } from './activity.ts'
import type { Admission } from './admission/admission.ts'
import { AdmittedStart } from './admission/admitted-start.ts'
import type { SettingsApplied } from './apply-settings.ts'
import type { BranchLocks } from './branch-locks.ts'
import { ComputeServer } from './compute-server.ts'
import type { BackendAddress, RunningServer, ServerDriver } from './drivers/driver.ts'
import type { AwakeBecause } from './idle-check.ts'
import { IdleWatch } from './idle-watch.ts'
import { EndpointLock } from './endpoint-lock.ts'
import { connectWoken, unlessLost } from './connect-woken.ts'
import { type DirectorySource, LoginDirectory, type LoginNotes } from './login-directory.ts'
import { ComputeMachine, type ComputeState, type StateListener, type SuspendReason } from './machine.ts'
import type {
  CatalogObserver,
  ComputeObserver,
  EndpointSource,
  EndpointSpec,
  SessionHolder,
} from './ports.ts'
import { ComputeScaling } from './scaling/compute-scaling.ts'
import { Followers } from './replicas/followers.ts'
import { stopWithoutLock } from './stop-without-lock.ts'
import type { Primary, Replica, ReplicaLag } from './replicas/replica.ts'
import { isKeptAwake, prepareParking } from './park-sessions.ts'

/** A clone waits for a checkpoint of the whole cluster. */
const CLONE_STATEMENT_MS = 600_000

export interface ComputeOptions {
  readonly uid: string
  readonly driver: ServerDriver
  readonly locks: BranchLocks
  readonly endpoints: EndpointSource
  readonly notes: LoginNotes
  /** Everybody may start where it is undefined. */
  readonly admission: Admission | undefined
  /** Undefined where nobody keeps files of replicas. */
  readonly replica: Replica | undefined
  readonly catalogs: CatalogObserver | undefined
  readonly sessions: SessionHolder | undefined
  readonly onStateChanged: StateListener
  readonly observer: ComputeObserver | undefined
  readonly log: Logger
  readonly clock: Clock
}

export class Compute implements Primary {
  readonly followers = new Followers()
  /** Who may log in. */
  readonly logins: LoginDirectory
  readonly scaling: ComputeScaling
  readonly #options: ComputeOptions
  readonly #endpoint: EndpointLock
  readonly #machine: ComputeMachine
  readonly #server: ComputeServer
  readonly #admitted: AdmittedStart
  readonly #idle: IdleWatch
  #starting: Promise<BackendAddress> | undefined
  #sessions = 0
  #holds = 0
  #isLooking = false
  #lastActiveAt: Date | undefined
  #awakeBecause: AwakeBecause | undefined

  constructor(options: ComputeOptions) {
    this.#options = options
    this.#endpoint = new EndpointLock({ ...options, runsOn: () => this.#server.running?.branchUid })
    this.#machine = new ComputeMachine(options)
    this.logins = new LoginDirectory({ ...options, source: this.#directorySource() })
    this.#server = new ComputeServer({
      ...options,
      machine: this.#machine,
      logins: this.logins,
      onSessionsEnded: (server) => this.scaling.end(server),
    })
    this.scaling = new ComputeScaling({ ...options, endpoint: this.#endpoint, server: this.#server })
    this.#admitted = new AdmittedStart({
      ...options,
      server: this.#server,
      memoryBytes: () => this.scaling.memoryBytes,
    })
    this.#idle = new IdleWatch(this.#now())
  }

  get state(): ComputeState {
    return this.#machine.state
  }

  /** The server, where it is active and nothing has ended it. */
  get live(): RunningServer | undefined {
    return this.#server.live
  }

  /** See `Computes.replicaLag`. */
  async lag(): Promise<ReplicaLag | undefined> {
    return unlessLost(this.#server.lag())
  }

  activity(): ComputeActivity {
    const { state, since } = this.#machine
    const { lastSuspendReason, lastError } = this.#server
    return {
      state,
      since,
      isWaiting: this.#admitted.isWaiting,
      sizeCu: this.#server.sizeCu,
      sessions: this.#sessions,
      lastActiveAt: this.#lastActiveAt,
      awakeBecause: state === 'active' ? this.#awakeBecause : undefined,
      lastSuspendReason,
      lastError,
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
  async wake(signal?: AbortSignal): Promise<BackendAddress> {
    signal?.throwIfAborted()
    this.#stayAwake()
    const { live } = this.#server
    if (live) return live.address
    this.#starting ??= this.#endpoint
      .run(() => this.#ensureActive())
      .finally(() => {
        this.#starting = undefined
      })
    const address = await untilAborted(this.#starting, signal)
    this.#stayAwake()
    return address
  }

  async adopt(spec: EndpointSpec, server: RunningServer): Promise<void> {
    await this.#endpoint.run(async () => this.#admitted.adopt(spec, server))
  }

  /** See `Computes.replaceFiles`. */
  async replaceFiles<T>(work: () => Promise<T>): Promise<T> {
    return this.#endpoint.run(async () => {
      if (this.state === 'active') await this.#stop('replaced')
      await this.followers.endAll()
      try {
        return await work()
      } finally {
        this.logins.forget()
      }
    })
  }

  /** See `Computes.suspend`. */
  async suspend(reason: SuspendReason): Promise<void> {
    if (reason === 'deleted' || reason === 'workspace stops') this.#server.close()
    const stopped = this.#endpoint.run(async () => {
      if (this.state === 'active') await this.#stop(reason)
    })
    if (reason === 'workspace stops')
      await stopWithoutLock(stopped, { ...this.#options, machine: this.#machine, server: this.#server })
    await stopped
  }

  /** Starts the server again that has ended by itself, when it is time. */
  async restartIfCrashed(): Promise<void> {
    // Why it does not start is kept, and said to whoever needs it.
    if (this.#server.takeRestart()) await this.wake().catch(() => undefined)
  }

  /** Suspends the compute if it has been idle for as long as its endpoint says. */
  async suspendIfIdle(): Promise<void> {
    // A look that waits, for a long clone say, is the only one.
    if (this.#isLooking || !this.#server.live || this.#holds > 0) return
    this.#isLooking = true
    try {
      if (this.#isDue(await this.#endpoint.suspendAfterMs())) await this.#endpoint.run(() => this.#look())
    } finally {
      this.#isLooking = false
    }
  }

  async #look(): Promise<void> {
    const server = this.#server.live
    if (!server || !this.#isDue(await this.#endpoint.suspendAfterMs())) return
    const began = this.#now()
    const activity = await server.catalog.activity()
    const afterMs = await this.#endpoint.suspendAfterMs()
    this.#awakeBecause = activity.awakeBecause
    this.#idle.saw(activity, afterMs, began)
    // Who is busy is busy until the next look, however long this one took.
    const spec = (await this.#endpoint.find())?.parking
    if (isKeptAwake(activity, spec, this.#options.clock.now()) || !this.#isDue(afterMs)) return
    const askedMs = this.#now()
    const parking = await prepareParking(this.#options, 'idle', spec)
    this.#awakeBecause = parking.awakeBecause
    // Who came meanwhile was not asked.
    const isWanted = parking.awakeBecause !== undefined || this.#idle.isTouchedSince(askedMs)
    if (!isWanted && this.#isDue(await this.#endpoint.suspendAfterMs()))
      return this.#server.stop('idle', parking)
    await parking.stay()
    if (parking.awakeBecause) this.#idle.overlook(await server.catalog.activity(), afterMs, this.#now())
  }

  async #stop(reason: SuspendReason): Promise<void> {
    const parking = await prepareParking(this.#options, reason, (await this.#endpoint.find())?.parking)
    // It may have crashed meanwhile.
    if (this.state === 'active') await this.#server.stop(reason, parking)
    else await parking.stay()
  }

  /** See `Computes.withAdmin`. */
  async withAdmin<T>(
    work: (admin: AdminConnection) => Promise<T>,
    options: { database?: string; signal?: AbortSignal },
  ): Promise<T> {
    this.#holds += 1
    try {
      await using admin = await connectWoken(this, this.#options.clock, options)
      return await work(admin)
    } finally {
      this.#holds -= 1
      this.#stayAwake()
    }
  }

  /** See `Computes.peek`. */
  async peek<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T | undefined> {
    return unlessLost(this.#server.live?.catalog.read(work))
  }

  /** See `Computes.memory`. */
  async memory(processIds: readonly number[]): Promise<readonly MemoryReport[] | undefined> {
    return this.#server.live?.memory(processIds)
  }

  /** See `Computes.applySettings`. */
  async applySettings(): Promise<SettingsApplied> {
    return this.#endpoint.run(async () => {
      this.#server.forgetFailures()
      const spec = await this.#endpoint.load()
      if (!this.#server.live) return { applied: 'AT_NEXT_START' }
      const restartedFor = await this.#server.applySettings(spec)
      if (!restartedFor) return { applied: 'UNCHANGED' }
      if (restartedFor.length === 0) return { applied: 'RELOADED' }
      await this.#stop('restart')
      await this.#ensureActive()
      return { applied: 'RESTARTED', restartedFor }
    })
  }

  /** See `Computes.withFiles`. */
  async withFiles<T>(work: (connect?: () => Promise<AdminConnection>) => Promise<T>): Promise<T> {
    return this.#endpoint.run(async () => {
      const server = this.state === 'active' ? this.#server.running?.server : undefined
      return server ? work(() => server.admin({ purpose: 'clone', statementMs: CLONE_STATEMENT_MS })) : work()
    })
  }

  #isDue(suspendAfterMs: number | null): boolean {
    return (
      this.#server.live !== undefined && this.#holds === 0 && this.#idle.isDue(suspendAfterMs, this.#now())
    )
  }

  #now(): number {
    return this.#options.clock.monotonicMs()
  }

  async #ensureActive(): Promise<BackendAddress> {
    await this.#server.noteEnd()
    const { live } = this.#server
    if (live) return live.address
    this.#server.throwIfKept()
    const spec = await this.#endpoint.load()
    if (spec.disabled) throw new LakeletError('endpoint_disabled')
    const { address } = await this.#admitted.start(spec)
    this.#awakeBecause = undefined
    this.#stayAwake() // A start that took long is no idleness.
    return address
  }

  #directorySource(): DirectorySource {
    return {
      state: () => this.state,
      server: () => this.#server.running?.server,
      settled: () => this.#endpoint.run(async () => undefined),
      // A server that has started is asked before others can use it, for those who come back to it first.
      wake: async (signal) => this.#server.opening ?? this.wake(signal),
      dataDirectory: async () => (await this.#endpoint.find())?.dataDirectory,
    }
  }
}
