// Servers that exist in memory only and take their time from a clock: what computes do with a server can be tried for hours in
// milliseconds, and any server can refuse to start or crash at any moment. They hold roles and sessions, and run SQL only where something
// is given that does (`SimulatedFiles`).
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import type {
  AdminConnection,
  AdminOptions,
  ClusterSettings,
  LoginRole,
  MemoryReport,
} from '../../postgres/index.ts'
import type { Archiver } from '../../storage/index.ts'
import type { AwakeBecause, ServerActivity } from '../idle-check.ts'
import type {
  BackendAddress,
  ReplayStatus,
  RunningServer,
  ServerCatalog,
  ServerDriver,
  ServerExit,
  ServerSpec,
  ServerUsage,
} from './driver.ts'
import { lost, SimulatedConnection } from './simulated-connection.ts'
import type { OpenFiles, SimulatedFiles } from './simulated-files.ts'

/** How long things take, in milliseconds; change them at will. */
export interface SimulatedTimes {
  startMs: number
  stopMs: number
  /** A look at what its sessions do. */
  lookMs: number
}

/** Settings that a real server takes at its start only; the others reload. */
const RESTART_SETTINGS: ReadonlySet<string> = new Set([
  'max_connections',
  'max_wal_senders',
  'shared_buffers',
])

export class SimulatedDriver implements ServerDriver {
  readonly enforcement = { cpu: 'advisory', memory: 'advisory' } as const
  readonly times: SimulatedTimes
  /** Servers that start, run or stop, in the order of their starts. */
  readonly servers = new Set<SimulatedServer>()
  /** What the next starts fail with; undefined = they succeed. */
  refusal: string | undefined
  readonly #clock: Clock
  readonly #files: SimulatedFiles | undefined
  readonly #roles = new Map<string, Map<string, LoginRole>>()
  readonly #logs = new Map<string, bigint>()
  #starts = 0
  #conflicts = 0

  constructor(clock: Clock, times: Partial<SimulatedTimes> = {}, files?: SimulatedFiles) {
    this.#clock = clock
    this.#files = files
    this.times = { startMs: 50, stopMs: 20, lookMs: 0, ...times }
  }

  /** How often a server was started. */
  get starts(): number {
    return this.#starts
  }

  /** How often a server was to start where another one ran. A real driver takes that for one of an earlier run, and ends it. */
  get conflicts(): number {
    return this.#conflicts
  }

  /** The roles in a data directory; they outlive its servers. */
  rolesIn(dataDirectory: string): Map<string, LoginRole> {
    const known = this.#roles.get(dataDirectory) ?? new Map<string, LoginRole>()
    this.#roles.set(dataDirectory, known)
    return known
  }

  /** Where the log of an endpoint's branch ends. */
  endOfLog(endpointUid: string): bigint {
    return this.#logs.get(endpointUid) ?? 1n
  }

  /** The server of an endpoint writes something. */
  write(endpointUid: string): void {
    this.#logs.set(endpointUid, this.endOfLog(endpointUid) + 1n)
  }

  /** The server that starts, runs or stops on `dataDirectory`. */
  serverOn(dataDirectory: string): SimulatedServer | undefined {
    return [...this.servers].find((server) => server.spec.dataDirectory === dataDirectory)
  }

  async start(spec: ServerSpec, signal: AbortSignal): Promise<RunningServer> {
    signal.throwIfAborted()
    const other = this.serverOn(spec.dataDirectory)
    if (other) {
      this.#conflicts += 1
      throw startFailed(`a server of ${other.spec.endpointUid} runs on ${spec.dataDirectory}`)
    }
    this.#starts += 1
    const server = new SimulatedServer(spec, this, this.#clock)
    this.servers.add(server)
    void server.exited.then(() => this.servers.delete(server))
    try {
      await this.#clock.sleep(this.times.startMs, signal)
    } catch {
      await server.stop()
      signal.throwIfAborted()
    }
    const problem = this.refusal ?? (await this.startProblem(spec.major, spec.settings))
    if (problem !== undefined) server.end({ code: 1, signal: null, expected: false, lastLines: [problem] })
    if (server.isOver) throw startFailed((await server.exited).lastLines.join(' '))
    if (this.#files) this.#open(server, this.#files)
    return server
  }

  #open(server: SimulatedServer, files: SimulatedFiles): void {
    const { dataDirectory } = server.spec
    try {
      server.files = files.open(dataDirectory)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      server.end({ code: 1, signal: null, expected: false, lastLines: [reason] })
      throw startFailed(reason)
    }
    server.archiver = files.archives?.follow(dataDirectory)
  }

  /** A setting whose value is `refused` is. */
  async startProblem(_major: number, { extra = {} }: ClusterSettings): Promise<string | undefined> {
    const wrong = Object.keys(extra).find((name) => extra[name] === 'refused')
    return wrong === undefined ? undefined : `invalid value for parameter "${wrong}"`
  }

  async adopt({ dataDirectory, endpointUid }: ServerSpec): Promise<RunningServer | undefined> {
    const server = this.serverOn(dataDirectory)
    return server && !server.isOver && server.spec.endpointUid === endpointUid ? server : undefined
  }

  async stopLeftover(dataDirectory: string): Promise<boolean> {
    const server = this.serverOn(dataDirectory)
    await server?.stop()
    return server !== undefined
  }

  async forget(): Promise<void> {}
}

export class SimulatedServer implements RunningServer {
  readonly spec: ServerSpec
  readonly address: BackendAddress
  readonly exited: Promise<ServerExit>
  readonly catalog: ServerCatalog
  /** What keeps it busy, as a running query would. */
  busy: AwakeBecause | undefined
  /** What it takes of its host; undefined = nobody can tell. */
  taken: ServerUsage | undefined = { runnable: 0, memoryBytes: 0 }
  /** What its processes have spent on CPUs, in seconds. */
  cpu = 0
  files: OpenFiles | undefined
  archiver: Archiver | undefined
  /** Connections of others; each is told when the server ends it. */
  readonly sessions = new Set<{ readonly end: () => void }>()
  readonly #driver: SimulatedDriver
  readonly #clock: Clock
  readonly #ended = Promise.withResolvers<ServerExit>()
  #settings: ClusterSettings
  #stopping: Promise<ServerExit> | undefined
  #isOver = false
  #isEnded = false

  constructor(spec: ServerSpec, driver: SimulatedDriver, clock: Clock) {
    this.spec = spec
    this.address = { unix: `simulated:${spec.endpointUid}` }
    this.exited = this.#ended.promise
    this.#driver = driver
    this.#clock = clock
    this.#settings = spec.settings
    this.catalog = this.#catalog()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  async ready(signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted()
    return !this.#isOver
  }

  stop(): Promise<ServerExit> {
    this.#isOver = true
    this.#stopping ??= this.#clock.sleep(this.#driver.times.stopMs).then(() => {
      if (!this.#isEnded) this.files?.shutDown()
      this.end({ code: 0, signal: null, expected: true, lastLines: [] })
      return this.exited
    })
    return this.#stopping
  }

  /** Ends it as the kernel would. */
  crash(): void {
    if (!this.#isEnded) this.files?.crash()
    this.end({ code: null, signal: 'SIGKILL', expected: this.#stopping !== undefined, lastLines: [] })
  }

  end(exit: ServerExit): void {
    this.#isOver = true
    this.#isEnded = true
    for (const session of this.sessions) session.end()
    this.sessions.clear()
    // As for a real one: the end is known when its log is in the archive.
    this.#ended.resolve(this.archiver ? this.archiver.finish().then(() => exit) : exit)
  }

  async admin({ purpose }: AdminOptions = {}): Promise<AdminConnection> {
    if (this.#isOver) throw lost()
    return this.files?.connect() ?? new SimulatedConnection(this, purpose ?? 'admin')
  }

  async applySettings(settings: ClusterSettings): Promise<readonly string[] | undefined> {
    if (this.#isOver) throw lost()
    const [before, after] = [valuesOf(this.#settings), valuesOf(settings)]
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    const changed = names.filter((name) => before[name] !== after[name])
    if (changed.length === 0) return undefined
    const problem = await this.#driver.startProblem(this.spec.major, settings)
    if (problem !== undefined) throw startFailed(problem)
    this.#settings = settings
    return changed.filter((name) => RESTART_SETTINGS.has(name))
  }

  async memory(): Promise<readonly MemoryReport[]> {
    return []
  }

  async usage(): Promise<ServerUsage | undefined> {
    return this.#isOver ? undefined : this.taken
  }

  async cpuSeconds(): Promise<number | undefined> {
    return this.#isOver ? undefined : this.cpu
  }

  /** It has all that its primary has written, as far as that could be had. */
  #replay(): ReplayStatus | undefined {
    const { follows } = this.spec
    if (follows === undefined) return undefined
    const isStreaming = [...this.#driver.servers].some(
      ({ spec, isOver }) => spec.endpointUid === follows && !isOver,
    )
    return { replayedLsn: this.#driver.endOfLog(follows), isStreaming, lastCommit: undefined }
  }

  /** Its size now, in CU. */
  get cu(): number {
    return this.#settings.cu ?? this.#settings.maxCu
  }

  #catalog(): ServerCatalog {
    const alive = <T>(answer: () => T): Promise<T> =>
      this.#isOver ? Promise.reject(lost()) : Promise.resolve(answer())
    const roles = () => this.#driver.rolesIn(this.spec.dataDirectory)
    return {
      activity: async () => {
        // As it was when the look began, however long that takes.
        const { busy } = this
        const { lookMs } = this.#driver.times
        if (lookMs > 0) await this.#clock.sleep(lookMs)
        return alive((): ServerActivity => ({
          ...(busy ? { awakeBecause: busy } : {}),
          newestChange: null,
          newestChangeAgeMs: null,
        }))
      },
      findLoginRole: (name) => alive(() => roles().get(name)),
      listLoginRoles: () => alive(() => [...roles().values()]),
      endSessions: () =>
        alive(() => {
          for (const session of this.sessions) session.end()
          this.sessions.clear()
        }),
      replay: () => alive(() => this.#replay()),
      endOfLog: () => alive(() => this.#driver.endOfLog(this.spec.endpointUid)),
      read: async (work) => work(await this.admin({ purpose: 'catalog' })),
    }
  }
}

function valuesOf({ maxCu, cu = maxCu, extra = {} }: ClusterSettings): Readonly<Record<string, string>> {
  // As for a real one: the largest size decides how many may connect, and the present one what can follow it.
  return { max_connections: String(maxCu), effective_cache_size: String(cu), ...extra }
}

function startFailed(reason: string): LakeletError {
  return new LakeletError('compute_start_failed', { reason })
}
