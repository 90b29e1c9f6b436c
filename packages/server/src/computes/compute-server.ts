// The server of one compute: started, watched, stopped. `start` and `stop` are called under the lock of the branch.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { ClusterSettings, LoginRole } from '../postgres/index.ts'
import type { BranchLocks } from './branch-locks.ts'
import type { RunningServer, ServerDriver, ServerExit } from './drivers/driver.ts'
import type { LoginDirectory } from './login-directory.ts'
import { type Parking, reviveSessions } from './park-sessions.ts'
import type { ComputeMachine, SuspendReason } from './machine.ts'
import type { CatalogObserver, EndpointSpec, FollowedEndpoint, SessionHolder } from './ports.ts'
import type { Replica, ReplicaLag } from './replicas/replica.ts'
import { CrashRestart } from './crash-restart.ts'
import { StartBackoff } from './start-backoff.ts'

/** How long sessions may take to end before their compute stops. */
const SESSIONS_END_MS = 1_000
/** How long the fast shutdown may take when the workspace stops. */
export const LAST_STOP_MS = 8_000

export interface ComputeServerOptions {
  readonly uid: string
  readonly driver: ServerDriver
  readonly locks: BranchLocks
  readonly machine: ComputeMachine
  readonly logins: LoginDirectory
  readonly replica: Replica | undefined
  readonly catalogs: CatalogObserver | undefined
  readonly sessions: SessionHolder | undefined
  /** Called before a server stops, when its sessions have ended. Never rejects. */
  readonly onSessionsEnded: (server: RunningServer) => Promise<void>
  readonly log: Logger
  readonly clock: Clock
}

/** What runs, and on what: facts of this server, which no change of the endpoint touches. */
interface Running {
  readonly server: RunningServer
  readonly branchUid: string
  readonly dataDirectory: string
  readonly follows: FollowedEndpoint | undefined
}

export class ComputeServer {
  readonly #options: ComputeServerOptions
  readonly #closing = new AbortController()
  readonly #backoff = new StartBackoff()
  readonly #crashes = new CrashRestart()
  #running: Running | undefined
  #sizeCu: number | undefined
  #lastSuspendReason: SuspendReason | undefined
  #lastError: string | undefined

  constructor(options: ComputeServerOptions) {
    this.#options = options
  }

  /** From its start until its end is noted. */
  get running(): Running | undefined {
    return this.#running
  }

  /** The server, where it is active and nothing has ended it. */
  get live(): RunningServer | undefined {
    const server = this.#running?.server
    return this.#options.machine.state === 'active' && server && !server.isOver ? server : undefined
  }

  /** The server that has started and is not active yet. */
  get opening(): RunningServer | undefined {
    const server = this.#running?.server
    return this.#options.machine.state === 'starting' && server && !server.isOver ? server : undefined
  }

  /** The size of the server that runs, in CU. */
  get sizeCu(): number | undefined {
    return this.live ? this.#sizeCu : undefined
  }

  get lastSuspendReason(): SuspendReason | undefined {
    return this.#lastSuspendReason
  }

  /** Why the last start failed or the server ended by itself. */
  get lastError(): string | undefined {
    return this.#lastError
  }

  /** Aborts when nothing starts any more. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** True when it is time to start the server again that has ended by itself; once for each time. */
  takeRestart(): boolean {
    const { machine, clock } = this.#options
    return machine.state === 'failed' && !this.closing.aborted && this.#crashes.take(clock.monotonicMs())
  }

  /** Nothing starts any more, and a start that goes on is given up. */
  close(): void {
    this.#closing.abort(new LakeletError('workspace_stopping'))
  }

  /** What failed with other settings says nothing about new ones. */
  forgetFailures(): void {
    this.#backoff.succeeded()
  }

  /** Throws why no start is to be tried now: the workspace stops, or one failed a moment ago for a reason that is kept. */
  throwIfKept(): void {
    this.#closing.signal.throwIfAborted()
    this.#backoff.throwIfKept(this.#options.clock.monotonicMs())
  }

  /** Notes the end of a server that is over before it was noted; the state is then `failed`. */
  async noteEnd(): Promise<void> {
    const { running } = this
    if (running?.server.isOver) this.#ended(running, await running.server.exited)
  }

  async start(spec: EndpointSpec): Promise<RunningServer> {
    const { uid, locks, machine, logins, clock } = this.#options
    using taken = new DisposableStack()
    taken.use(locks.occupy(spec.branchUid, uid))
    const began = clock.monotonicMs()
    machine.move('starting')
    logins.forget()
    try {
      const server = await this.#launch(spec)
      this.#began(spec, server, taken.move())
      await reviveSessions(this.#options, server.address)
      if (server.isOver) throw new LakeletError('compute_start_failed', { reason: 'it ended at once' })
      machine.move('active', { durationMs: Math.round(clock.monotonicMs() - began) })
      return server
    } catch (error) {
      this.#startFailed(error)
      throw error
    }
  }

  /** Goes on with a server that an earlier run started, at the smallest size. */
  adopt(spec: EndpointSpec, server: RunningServer): void {
    const { uid, locks, machine } = this.#options
    machine.move('starting')
    this.#began(spec, server, locks.occupy(spec.branchUid, uid))
    machine.move('active', { adopted: true })
  }

  #began(
    { branchUid, dataDirectory, follows, minCu }: EndpointSpec,
    server: RunningServer,
    held: Disposable,
  ): void {
    const running = { server, branchUid, dataDirectory, follows }
    this.#sizeCu = minCu
    this.#running = running
    void server.exited.then((exit) => {
      held[Symbol.dispose]()
      this.#ended(running, exit)
    })
    this.#backoff.succeeded()
    this.#crashes.started(this.#options.clock.monotonicMs())
    this.#lastError = undefined
  }

  async #launch(spec: EndpointSpec): Promise<RunningServer> {
    const { uid, driver, replica } = this.#options
    const { dataDirectory, major, follows } = spec
    const launch = (own: ClusterSettings['own'], signal = this.#closing.signal) =>
      driver.start(
        {
          endpointUid: uid,
          dataDirectory,
          major,
          settings: settingsAt(spec, spec.minCu, own),
          ...(follows ? { follows: follows.endpointUid } : {}),
        },
        AbortSignal.any([this.#closing.signal, signal]),
      )
    if (!follows) return launch(undefined)
    if (!replica) throw new Error(`endpoint ${uid} is read-only, and nobody keeps files of replicas`)
    return replica.start(follows, launch)
  }

  /** How far a replica that runs is behind its branch; undefined for all others. */
  async lag(): Promise<ReplicaLag | undefined> {
    const follows = this.#running?.follows
    return follows && this.live ? this.#options.replica?.lag(this.live, follows) : undefined
  }

  /**
   * Has the server that runs take the settings of `spec`, at its present size as far as that is within the limits of `spec`. See
   * `RunningServer.applySettings`.
   */
  async applySettings(spec: EndpointSpec): Promise<readonly string[] | undefined> {
    return this.resize(spec, this.#sizeCu ?? spec.minCu)
  }

  /** The same at another size. */
  async resize(spec: EndpointSpec, cu: number): Promise<readonly string[] | undefined> {
    const size = Math.min(spec.maxCu, Math.max(spec.minCu, cu))
    const own = spec.follows && (await this.#options.replica?.ownSettings(spec.follows))
    const restartedFor = await this.live?.applySettings(settingsAt(spec, size, own))
    this.#sizeCu = size
    return restartedFor
  }

  #startFailed(error: unknown): void {
    const { machine, clock, log } = this.#options
    // A start that is given up because the workspace stops is no failure of it.
    const isGivenUp = this.#closing.signal.aborted
    this.#backoff.failed(error, clock.monotonicMs())
    this.#crashes.failed(clock.monotonicMs())
    this.#lastError = error instanceof Error ? error.message : String(error)
    log[isGivenUp ? 'info' : 'error'](
      { err: error, failures: this.#backoff.failures },
      'the compute did not start',
    )
    machine.move('failed')
  }

  /** Ends its sessions, those that were not parked by their holder, notes who may log in and stops it. */
  async stop(reason: SuspendReason, parking: Pick<Parking, 'leave'>): Promise<void> {
    const { machine, logins } = this.#options
    const running = this.#running
    if (!running) return
    machine.move('stopping', { reason })
    await parking.leave()
    const roles = await this.#lastRoles(running)
    const exit = await running.server.stop(reason === 'workspace stops' ? { fastMs: LAST_STOP_MS } : {})
    this.#running = undefined
    this.#lastSuspendReason = reason
    const isClean = exit.code === 0
    if (isClean && roles) await logins.note(running.dataDirectory, roles)
    machine.move(isClean ? 'idle' : 'failed')
  }

  /**
   * Ends all sessions and reads who may log in. Somebody may still log in between that and the shutdown, past a gateway that was
   * told of it, and change a role: what was read is then as old as this.
   */
  async #lastRoles({ server, branchUid, follows }: Running): Promise<LoginRole[] | undefined> {
    const { catalogs, log } = this.#options
    try {
      await server.catalog.endSessions(SESSIONS_END_MS)
      await this.#options.onSessionsEnded(server)
      // Whoever wants to log in to a replica is judged by what is known of its branch.
      if (follows) return undefined
      if (catalogs) await server.catalog.read((admin) => catalogs.observe(branchUid, admin))
      return await server.catalog.listLoginRoles()
    } catch (error) {
      log.warn({ err: error }, 'the roles could not be read before the compute stops')
      return undefined
    }
  }

  /** The server has ended; without being told to, unless the workspace stops and did not wait for what holds it. */
  #ended(running: Running, exit: ServerExit): void {
    const { machine, log } = this.#options
    if (this.#running !== running || machine.state !== 'active') return
    this.#running = undefined
    if (exit.expected && running.follows) {
      // Its branch has become another one.
      this.#lastSuspendReason = 'replaced'
      machine.move('stopping', { reason: 'replaced' })
      machine.move('idle')
      return
    }
    if (!exit.expected) {
      this.#lastError = `Postgres ended by itself (exit code ${exit.code}, signal ${exit.signal})`
      this.#crashes.crashed(this.#options.clock.monotonicMs())
      const { code, signal, lastLines } = exit
      log.error({ code, signal, lastLines }, 'the compute crashed')
    }
    machine.move('failed')
  }
}

/** The settings of an endpoint's server at a size. */
export function settingsAt(spec: EndpointSpec, cu: number, own?: ClusterSettings['own']): ClusterSettings {
  return { maxCu: spec.maxCu, cu, extra: spec.settings, ...(own ? { own } : {}) }
}
