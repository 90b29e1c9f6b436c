// One running Postgres cluster: a child process, watched until it has ended.
//
// What decides about it is the process and its postmaster.pid, never its log: users write into that. After the crash of a backend
// the postmaster refuses connections for a while and recovers by itself (restart_after_crash): whoever connects tries again.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { type Stage, terminate } from '../base/terminate.ts'
import { writeClusterFiles } from './cluster-files.ts'
import { type ClusterProcess, childProcess } from './cluster-process.ts'
import { linkIdentities } from './identities.ts'
import { type PostgresInstallation, postgresEnvironment } from './installation.ts'
import { endOrphans, stopLeftover } from './leftover.ts'
import { lastWords } from './last-words.ts'
import { LogFile } from './log-file.ts'
import type { MemoryReports } from './memory-reports.ts'
import { closeWriter, type LogPipe, openLogPipe } from './log-pipe.ts'
import { untilAccepting } from './postmaster-status.ts'
import { isFrozen, processesIn } from './server-processes.ts'
import { roomForPrepared } from './prepared-transactions.ts'
import { CLUSTER_PORT, type ClusterSettings } from './settings.ts'
import { type SocketAccess, startSocketAccess } from './socket-access.ts'
import { ensureSocketDirectory, releaseSocketDirectory } from './socket-directory.ts'

export interface ClusterOptions {
  readonly installation: PostgresInstallation
  readonly dataDirectory: string
  /** From `socketDirectoryFor`; made if it is missing. */
  readonly socketDirectory: string
  readonly settings: ClusterSettings
  /** Of this one server beside its settings: `-c`, `name=value`, … */
  readonly arguments?: readonly string[]
  /** The server recovers and then becomes one of its own; it has not started before that. */
  readonly promoted?: boolean
  readonly logFile: string
  readonly log: Logger
  /** Told the postmaster's pid before it has started anything itself. */
  readonly onSpawned?: (pid: number) => void
}

/** Where a cluster listens, and what its socket asks for. */
export interface ClusterAddress {
  /** Major version of the server. */
  readonly major: number
  readonly socketPath: string
  /** The directory of it, for clients that want that and a port. */
  readonly socketDirectory: string
  /** What whoever connects answers when the server asks for a password, whatever the role; it asks only where this is set. */
  readonly password?: string
}

/** How the server process ended. */
export interface ClusterExit {
  readonly code: number | null
  readonly signal: string | null
  /** True when `stop` asked for it. */
  readonly expected: boolean
  readonly lastLines: readonly string[]
}

/** A fast shutdown writes a checkpoint, which takes its time on a slow disk. */
const FAST_STOP_MS = 30_000
/** After this long it is looked whether one of its processes is frozen and will never obey. */
const FIRST_LOOK_MS = 1_500
/** A postmaster kills what is left of its children 5 s after SIGQUIT (SIGKILL_CHILDREN_AFTER_SECS, postmaster.c). */
const IMMEDIATE_STOP_MS = 6_000
const KILL_MS = 3_000
/** The last lines of a server that has ended come through the pipe a moment later; a child of it may hold that for ever. */
const LAST_LINES_MS = 250

/**
 * Starts Postgres on a data directory and waits until it accepts connections; recovery after a crash may take its time.
 * A server left over from an earlier run is stopped first. Throws `compute_start_failed` with the server's last words;
 * when `signal` aborts, the server is stopped and the signal's reason thrown.
 */
export async function startCluster(options: ClusterOptions, signal?: AbortSignal): Promise<Cluster> {
  signal?.throwIfAborted()
  const access = await prepare(options)
  // Of files that are damaged Postgres says what is wrong.
  const room = await roomForPrepared(options.dataDirectory, options.settings).catch(() => [])
  const pipe = await openLogPipe(options.logFile)
  const child = launch(options, room, pipe)
  if (pipe) await closeWriter(pipe)
  const cluster = new Cluster(options, childProcess(child, pipe?.lines), access)
  if (cluster.pid !== undefined) options.onSpawned?.(cluster.pid)
  try {
    signal?.throwIfAborted()
    await cluster.ready(signal)
    return cluster
  } catch (error) {
    await cluster.stop({ fastMs: signal?.aborted ? FIRST_LOOK_MS : FAST_STOP_MS })
    throw error
  }
}

async function prepare(options: ClusterOptions): Promise<SocketAccess> {
  const { installation, dataDirectory } = options
  const [access] = await Promise.all([
    startSocketAccess(installation),
    stopLeftover(dataDirectory),
    ensureSocketDirectory(options.socketDirectory, installation),
    linkIdentities(installation, dataDirectory),
  ])
  try {
    await writeClusterFiles({ installation, dataDirectory, settings: options.settings, access })
    return access
  } catch (error) {
    access[Symbol.dispose]()
    throw error
  }
}

function launch(options: ClusterOptions, room: readonly string[], pipe: LogPipe | undefined): ChildProcess {
  const { installation, dataDirectory, socketDirectory } = options
  return spawn(
    path.join(installation.prefix, 'bin', 'postgres'),
    [
      '-D',
      dataDirectory,
      '-c',
      `unix_socket_directories=${socketDirectory}`,
      ...room,
      ...(options.arguments ?? []),
    ],
    {
      ...installation.account,
      // Its own group: Ctrl-C in the terminal is the workspace's to handle.
      detached: true,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', 'ignore', pipe?.writer ?? 'pipe'],
    },
  )
}

export class Cluster implements AsyncDisposable {
  readonly dataDirectory: string
  readonly address: ClusterAddress
  readonly pid: number | undefined
  /** Settles when the process has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ClusterExit>
  readonly #process: ClusterProcess
  readonly #logFile: LogFile
  readonly #log: Logger
  readonly #options: ClusterOptions
  readonly #access: SocketAccess
  readonly #over = new AbortController()
  #exit: ClusterExit | undefined
  #isLetGo = false
  #stopping: Promise<ClusterExit> | undefined

  constructor(options: ClusterOptions, process: ClusterProcess, access: SocketAccess) {
    this.dataDirectory = options.dataDirectory
    const { socketDirectory } = options
    this.address = {
      major: options.installation.major,
      socketPath: path.join(socketDirectory, `.s.PGSQL.${CLUSTER_PORT}`),
      socketDirectory,
      ...(access.password === undefined ? {} : { password: access.password }),
    }
    this.pid = process.pid
    this.#process = process
    this.#options = options
    this.#access = access
    this.#log = options.log
    this.#logFile = new LogFile(options.logFile)
    if (process.stderr) this.#logFile.follow(process.stderr)
    this.exited = this.#watch()
  }

  /** Where it listens; a path. */
  get socketDirectory(): string {
    return this.address.socketDirectory
  }

  /** Where it listens; a path in `socketDirectory`. */
  get socketPath(): string {
    return this.address.socketPath
  }

  /** What its backends say of their memory when they are asked. */
  get memory(): MemoryReports {
    return this.#logFile.memory
  }

  /** True once it has ended, or was told to. */
  get isOver(): boolean {
    return this.#exit !== undefined || this.#stopping !== undefined
  }

  /** Resolves when connections are accepted. Throws `compute_start_failed` when the server ends instead, or the reason of `signal`. */
  async ready(signal?: AbortSignal): Promise<void> {
    const either = AbortSignal.any([this.#over.signal, ...(signal ? [signal] : [])])
    const waiting =
      this.pid === undefined ? undefined : untilAccepting(this.dataDirectory, this.pid, either, this.#options)
    const outcome = await waiting?.catch(() => undefined)
    if (outcome === 'ready') return
    signal?.throwIfAborted()
    const reason = outcome === 'frozen' ? 'it is stopped by a signal' : lastWords(await this.exited)
    throw new LakeletError('compute_start_failed', { reason })
  }

  /** Has the server read its settings again. The caller writes them first; see `writeClusterFiles`. */
  async writeSettings(settings: ClusterSettings): Promise<boolean> {
    const { installation, dataDirectory } = this.#options
    return writeClusterFiles({ installation, dataDirectory, settings, access: this.#access })
  }

  /**
   * Ends all sessions, writes a checkpoint and ends the server; harder when that takes longer than `fastMs` (30 s when left out), or
   * when one of its processes is frozen. What was committed is safe either way.
   */
  stop({ fastMs = FAST_STOP_MS }: { readonly fastMs?: number } = {}): Promise<ClusterExit> {
    this.#stopping ??= this.#stopInStages(fastMs)
    return this.#stopping
  }

  /** Leaves a server that was to be taken over as it is; nobody gets in any more. */
  letGo(): void {
    this.#isLetGo = true
    this.#process.letGo()
    this.#access[Symbol.dispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #watch(): Promise<ClusterExit> {
    const ended = await this.#process.exited
    if (this.#isLetGo) return { ...ended, expected: true, lastLines: [] }
    this.#access[Symbol.dispose]()
    await this.#drained()
    // Another server may use the pipe next.
    this.#process.stderr?.destroy()
    const { installation } = this.#options
    await releaseSocketDirectory(this.socketDirectory, installation, this.pid).catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the directory of a socket could not be removed'),
    )
    const lastLines = ended.error ? [ended.error.message] : [...this.#logFile.lastLines]
    const expected = this.#stopping !== undefined
    this.#exit = { code: ended.code, signal: ended.signal, expected, lastLines }
    this.#over.abort()
    // Not later: the next server on this directory would be taken for one.
    if (ended.code !== 0) await this.#endOrphans()
    return this.#exit
  }

  async #drained(): Promise<void> {
    const { stderr } = this.#process
    if (!stderr || stderr.closed) return
    const closed = Promise.withResolvers<void>()
    const late = setTimeout(closed.resolve, LAST_LINES_MS)
    stderr.once('close', closed.resolve)
    await closed.promise
    clearTimeout(late)
  }

  async #endOrphans(): Promise<void> {
    await endOrphans(this.dataDirectory).catch((error: unknown) => {
      this.#log.error({ err: error, dataDirectory: this.dataDirectory }, 'a Postgres process does not end')
    })
  }

  async #stopInStages(fastMs: number): Promise<ClusterExit> {
    const isHung = (await this.#isPostmasterFrozen()) || !(await this.#stopFast(fastMs))
    if (!isHung) return this.exited
    const stages: Stage[] = [
      { signal: 'SIGQUIT', waitMs: (await this.#isPostmasterFrozen()) ? 0 : IMMEDIATE_STOP_MS },
      { signal: 'SIGKILL', waitMs: KILL_MS },
    ]
    await terminate(this.#process.target, { stages })
    await this.#endOrphans()
    return this.exited
  }

  /** True when the server ended in time. */
  async #stopFast(fastMs: number): Promise<boolean> {
    const first = Math.min(FIRST_LOOK_MS, fastMs)
    const { target } = this.#process
    const { ended } = await terminate(target, { stages: [{ signal: 'SIGINT', waitMs: first }] })
    if (ended) return true
    if (!(await this.#isAnyFrozen())) {
      const patient = await terminate(target, { stages: [{ signal: 'SIGINT', waitMs: fastMs - first }] })
      if (patient.ended) return true
    }
    this.#log.warn({ pid: this.pid, fastMs }, 'Postgres did not stop in time and is ended at once')
    return false
  }

  async #isPostmasterFrozen(): Promise<boolean> {
    return this.pid !== undefined && (await isFrozen(this.pid))
  }

  async #isAnyFrozen(): Promise<boolean> {
    const frozen = await Promise.all((await processesIn(this.dataDirectory)).map(isFrozen))
    return frozen.includes(true)
  }
}
