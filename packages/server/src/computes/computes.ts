// All computes of the workspace: which is awake, and putting to sleep the ones that nobody uses.
import { type Clock, systemClock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { LARGEST_GROUP, secondariesOf, secondaryOf } from '../base/group-members.ts'
import type { Logger } from '../base/log.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { AdminConnection, LoginRole, MemoryReport } from '../postgres/index.ts'
import type { Storage } from '../storage/index.ts'
import type { SettingsApplied } from './apply-settings.ts'
import type { Admission, AdmissionStatus } from './admission/admission.ts'
import { BranchLocks } from './branch-locks.ts'
import type { ComputeActivity } from './activity.ts'
import type { Enforcement } from '../base/cgroups/cgroups.ts'
import { Compute } from './compute.ts'
import { findRunning, sweepReplicas } from './leftovers.ts'
import type { BackendAddress, RunningServer, ServerDriver } from './drivers/driver.ts'
import type { LoginNotes } from './login-directory.ts'
import { loginNotes } from './login-notes.ts'
import type { ComputeState, StateListener, SuspendReason } from './machine.ts'
import type {
  CatalogObserver,
  ComputeObserver,
  EndpointSource,
  EndpointSpec,
  ReplicaStore,
  SessionHolder,
} from './ports.ts'
import { Replica, type ReplicaLag } from './replicas/replica.ts'
import type { ScalingRecord } from './scaling/goal.ts'

export interface ComputesOptions {
  /** What runs the servers. */
  readonly driver: ServerDriver
  readonly storage: Pick<Storage, 'list' | 'dataDirectory'>
  readonly endpoints: EndpointSource
  /** Which computes may start; all when absent. */
  readonly admission?: Admission
  /** Who keeps the files of replicas; without it there are none. */
  readonly replicas?: ReplicaStore
  readonly catalogs?: CatalogObserver
  /** Who holds the clients' ends of sessions; without it the servers end all of them. */
  readonly sessions?: SessionHolder
  /** Where it is noted who may log in to what sleeps; files beside the data when absent. */
  readonly notes?: LoginNotes
  readonly onStateChanged?: StateListener
  /** Who keeps what computes are measured to do; without it only what decides their size is measured. */
  readonly observer?: ComputeObserver
  readonly log: Logger
  readonly clock?: Clock
  /** How often idle computes are looked for; 500 ms when absent. */
  readonly checkEveryMs?: number
}

/**
 * Takes over what an earlier run left running where that is as a start would make it, stops the rest, then begins to look for idle
 * computes.
 */
export async function startComputes(options: ComputesOptions): Promise<Computes> {
  const clock = options.clock ?? systemClock
  const { driver, storage, log } = options
  const adopted = await findRunning(options)
  const taken = new Set(adopted.map(({ spec }) => spec.dataDirectory))
  const stopOne = async (branchUid: string) => {
    const dataDirectory = storage.dataDirectory(branchUid)
    if (!taken.has(dataDirectory) && (await driver.stopLeftover(dataDirectory)))
      log.warn({ dataDirectory }, 'stopped a Postgres of an earlier run')
  }
  await Promise.all((await storage.list()).map(stopOne))
  if (options.replicas) await sweepReplicas(options.replicas, options)
  const computes = new Computes({ ...options, clock })
  for (const { spec, server } of adopted) await computes.adopt(spec, server)
  return computes
}

export class Computes implements AsyncDisposable {
  readonly #options: ComputesOptions & { readonly clock: Clock }
  readonly #computes = new Map<string, Compute>()
  readonly #locks = new BranchLocks()
  readonly #ending = new AbortController()
  readonly #loop: Promise<void>

  constructor(options: ComputesOptions & { readonly clock: Clock }) {
    this.#options = options
    this.#loop = this.#watch()
  }

  /**
   * Resolves when the endpoint's compute accepts connections; N callers cause one start. An abort means that this caller no
   * longer waits; the start goes on. Recovery after a crash is waited for, so call it again when a connection is refused
   * with 57P03 or finds nobody. Throws `endpoint_unknown`, `endpoint_disabled`, `compute_start_failed` (remembered for a
   * while when it repeats) or `workspace_stopping`.
   */
  async wake(uid: string, signal?: AbortSignal): Promise<BackendAddress> {
    if (this.#ending.signal.aborted) throw new LakeletError('workspace_stopping')
    return this.#compute(uid).wake(signal)
  }

  /** Goes on with a server that an earlier run started; called before anything else is. */
  async adopt(spec: EndpointSpec, server: RunningServer): Promise<void> {
    await this.#compute(spec.uid).adopt(spec, server)
  }

  /** Stops the compute if it runs; its sessions end with 57P01. `deleted` also refuses every later wake. */
  async suspend(uid: string, reason: SuspendReason = 'asked'): Promise<void> {
    await this.#compute(uid).suspend(reason)
  }

  /**
   * Has the endpoint's settings, as they are stored now, apply to its compute: at once what nobody but us reads, by a reload what
   * Postgres can take while it runs, by a restart only what it cannot. A compute that sleeps stays asleep. An abort means that this
   * caller no longer waits. Throws `compute_start_failed` when Postgres refuses them.
   */
  async applySettings(uid: string, signal?: AbortSignal): Promise<SettingsApplied> {
    return untilAborted(this.#compute(uid).applySettings(), signal)
  }

  /** Why no server would start with these settings, found out without starting one; undefined when it would. */
  async startProblem(wanted: {
    readonly major: number
    readonly maxCu: number
    readonly settings: Readonly<Record<string, string>>
  }): Promise<string | undefined> {
    return this.#options.driver.startProblem(wanted.major, { maxCu: wanted.maxCu, extra: wanted.settings })
  }

  /** Stops and starts the compute. A compute that does not run stays as it is. */
  async restart(uid: string, signal?: AbortSignal): Promise<void> {
    const compute = this.#compute(uid)
    if (compute.state !== 'active' && compute.state !== 'starting') return
    await compute.suspend('restart')
    await compute.wake(signal)
  }

  /** Stops the compute for good, before its endpoint is deleted, and its secondaries, and forgets them. */
  async remove(uid: string): Promise<void> {
    const secondaries = secondaryOf(uid) ? [] : secondariesOf(uid, LARGEST_GROUP)
    for (const secondary of secondaries) await this.remove(secondary)
    await this.#compute(uid).suspend('deleted')
    this.#computes.delete(uid)
    await this.#options.sessions?.dismiss(uid)
    await this.#options.driver.forget(uid)
    await this.#options.replicas?.remove(uid)
  }

  /** Uids of the endpoints that something is kept of. */
  get known(): readonly string[] {
    return [...this.#computes.keys()]
  }

  /** What there is room for. */
  get admission(): AdmissionStatus {
    const everybody = { awake: 0, waiting: 0, usedBytes: 0, memoryBytes: Infinity }
    return this.#options.admission?.status ?? everybody
  }

  state(uid: string): ComputeState {
    return this.#computes.get(uid)?.state ?? 'idle'
  }

  activity(uid: string): ComputeActivity {
    return this.#compute(uid).activity()
  }

  /** How sizes take effect on this host, and what was decided about the one of an endpoint's compute, the oldest first. */
  scaling(uid: string): { readonly enforcement: Enforcement; readonly records: readonly ScalingRecord[] } {
    const records = this.#computes.get(uid)?.scaling.records ?? []
    return { enforcement: this.#options.driver.enforcement, records }
  }

  /** How far the replica of a read-only endpoint is behind its branch; undefined while it sleeps, or for others. */
  async replicaLag(uid: string): Promise<ReplicaLag | undefined> {
    return this.#computes.get(uid)?.lag()
  }

  /** A client of the endpoint sent something. */
  touch(uid: string): void {
    this.#computes.get(uid)?.touch()
  }

  sessionOpened(uid: string): void {
    this.#compute(uid).sessionOpened()
  }

  sessionClosed(uid: string): void {
    // A session of an endpoint that was removed ends after it: nothing of that comes back.
    this.#computes.get(uid)?.sessionClosed()
  }

  /** Wakes the compute and runs `work` with an admin connection; it is not suspended as idle meanwhile. */
  async withAdmin<T>(
    uid: string,
    work: (admin: AdminConnection) => Promise<T>,
    options: { readonly database?: string; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    return this.#compute(uid).withAdmin(work, options)
  }

  /**
   * Reads the catalog of a compute that is awake, on a connection that it shares with others: only SELECT, no transaction.
   * Undefined, without waking it, where it sleeps or goes away meanwhile. Does not count as activity.
   */
  async peek<T>(uid: string, work: (admin: AdminConnection) => Promise<T>): Promise<T | undefined> {
    return this.#computes.get(uid)?.peek(work)
  }

  /**
   * Runs `work` while the compute neither starts nor stops, to copy its files: with a way to connect when it runs, without
   * when it does not. Wakes wait until it is done.
   */
  async withFiles<T>(
    uid: string,
    work: (connect?: () => Promise<AdminConnection>) => Promise<T>,
  ): Promise<T> {
    return this.#compute(uid).withFiles(work)
  }

  /**
   * Runs `work`, which puts other files in the place of the branch's, while no server runs on them and none is started. Sessions end
   * with 57P01: they are of what the branch was. Wakes wait until it is done.
   */
  async replaceFiles<T>(uid: string, work: () => Promise<T>): Promise<T> {
    return this.#compute(uid).replaceFiles(work)
  }

  /** Who may log in as `role`, without waking the compute; undefined when it sleeps and that is not known (after a crash). */
  async knownLoginRole(uid: string, role: string): Promise<LoginRole | 'absent' | undefined> {
    const spec = await this.#options.endpoints.load(uid)
    return this.#compute(spec?.follows?.endpointUid ?? uid).logins.known(role)
  }

  /** The same from the catalog of the compute, which is woken. */
  async readLoginRole(uid: string, role: string, signal?: AbortSignal): Promise<LoginRole | 'absent'> {
    return this.#compute(uid).logins.read(role, signal)
  }

  /** What backends of a compute that is awake use, of those that say so. */
  async memory(uid: string, processIds: readonly number[]): Promise<readonly MemoryReport[]> {
    return (await this.#computes.get(uid)?.memory(processIds)) ?? []
  }

  /** Stops every compute; none starts any more. */
  async stopAll(): Promise<void> {
    this.#ending.abort()
    await Promise.all([...this.#computes.values()].map((compute) => compute.suspend('workspace stops')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#loop
    await this.stopAll()
  }

  async #watch(): Promise<void> {
    const { clock, log, checkEveryMs = 500 } = this.#options
    while (!this.#ending.signal.aborted) {
      await clock.sleep(checkEveryMs, this.#ending.signal).catch(() => undefined)
      // Not waited for: one that takes long, because a clone holds its compute, keeps no other from sleeping.
      for (const [uid, compute] of this.#computes) {
        compute.suspendIfIdle().catch((error: unknown) => {
          log.warn({ err: error, endpoint: uid }, 'the check for idleness failed')
        })
        void compute.restartIfCrashed()
        compute.scaling.look().catch((error: unknown) => {
          log.warn({ err: error, endpoint: uid }, 'the size of a compute could not be changed')
        })
      }
    }
  }

  #compute(uid: string): Compute {
    const known = this.#computes.get(uid)
    if (known) return known
    const { driver, endpoints, replicas, catalogs, sessions, notes, onStateChanged, observer, log, clock } =
      this.#options
    const compute = new Compute({
      uid,
      driver,
      admission: this.#options.admission,
      replica: replicas && this.#replica(uid, replicas),
      locks: this.#locks,
      endpoints,
      notes: notes ?? loginNotes,
      catalogs,
      sessions,
      onStateChanged: onStateChanged ?? (() => undefined),
      observer,
      log: log.child({ endpoint: uid }),
      clock,
    })
    this.#computes.set(uid, compute)
    return compute
  }

  #replica(uid: string, store: ReplicaStore): Replica {
    const { endpoints, log, clock } = this.#options
    const primary = (endpointUid: string) => this.#compute(endpointUid)
    return new Replica({ uid, store, endpoints, primary, clock, log: log.child({ endpoint: uid }) })
  }
}
