// One running Postgres cluster: a child process, watched until it has ended.
//
// Ready means that the server said so in its log, the moment from which it lets connections in; it costs no polling and
// no extra process. After a crash of a backend the same lines tell that connections are refused for a while and
// accepted again, because the postmaster recovers by itself (restart_after_crash).
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import { Signal } from '../base/signal.ts'
import { linkIdentities } from './identities.ts'
import { type PostgresInstallation, postgresEnvironment } from './installation.ts'
import { stopLeftover } from './leftover.ts'
import { LogFile } from './log-file.ts'
import { CLUSTER_PORT, type ClusterSettings, settingsFile } from './settings.ts'
import { ensureSocketDirectory } from './socket-directory.ts'

export interface ClusterOptions {
  readonly installation: PostgresInstallation
  readonly dataDirectory: string
  /** From `socketDirectoryFor`; made if it is missing. */
  readonly socketDirectory: string
  readonly settings: ClusterSettings
  readonly logFile: string
  readonly log: Logger
}

/** How the server process ended. */
export interface ClusterExit {
  readonly code: number | null
  readonly signal: string | null
  /** True when `stop` asked for it. */
  readonly expected: boolean
  readonly lastLines: readonly string[]
}

/** Time given to a fast shutdown (it writes a checkpoint), then to an immediate one, before the process is killed. */
const FAST_STOP_MS = 30_000
const IMMEDIATE_STOP_MS = 5_000

/**
 * Starts Postgres on a data directory and waits until it accepts connections; recovery after a crash may take its time.
 * A server left over from an earlier run is stopped first. Throws `compute_start_failed` with the server's last words;
 * when `signal` aborts, the server is stopped and the signal's reason thrown.
 */
export async function startCluster(options: ClusterOptions, signal?: AbortSignal): Promise<Cluster> {
  signal?.throwIfAborted()
  await prepare(options)
  signal?.throwIfAborted()
  const cluster = new Cluster(options, launch(options))
  const stop = () => void cluster.stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const exit = await cluster.ready()
    signal?.throwIfAborted()
    if (exit) throw new LakeletError('compute_start_failed', { reason: lastWords(exit) })
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

async function prepare(options: ClusterOptions): Promise<void> {
  const { installation, dataDirectory } = options
  const configFile = path.join(dataDirectory, 'lakelet.conf')
  const wanted = settingsFile(options.settings)
  const [present] = await Promise.all([
    readFile(configFile, 'utf8').catch(() => undefined),
    stopLeftover(dataDirectory),
    ensureSocketDirectory(options.socketDirectory, installation),
    linkIdentities(installation, dataDirectory),
  ])
  if (present !== wanted) await writeFileAtomic(configFile, wanted, { mode: 0o644 })
}

function launch({ installation, dataDirectory, socketDirectory }: ClusterOptions): ChildProcess {
  return spawn(
    path.join(installation.prefix, 'bin', 'postgres'),
    ['-D', dataDirectory, '-c', `unix_socket_directories=${socketDirectory}`],
    {
      ...installation.account,
      // Its own group: Ctrl-C in the terminal is the workspace's to handle.
      detached: true,
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
}

export class Cluster implements AsyncDisposable {
  readonly dataDirectory: string
  readonly socketDirectory: string
  /** The socket itself; a path in `socketDirectory`. */
  readonly socketPath: string
  readonly pid: number | undefined
  /** Settles when the process has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ClusterExit>
  readonly #child: ChildProcess
  readonly #logFile: LogFile
  readonly #log: Logger
  readonly #changed = new Signal()
  #accepting = false
  #exit: ClusterExit | undefined
  #stopping: Promise<ClusterExit> | undefined

  constructor(options: ClusterOptions, child: ChildProcess) {
    this.dataDirectory = options.dataDirectory
    this.socketDirectory = options.socketDirectory
    this.socketPath = path.join(options.socketDirectory, `.s.PGSQL.${CLUSTER_PORT}`)
    this.pid = child.pid
    this.#child = child
    this.#log = options.log
    this.#logFile = new LogFile(options.logFile)
    child.stderr?.on('data', (chunk: Buffer) => this.#logFile.write(chunk, (line) => this.#onLine(line)))
    this.exited = this.#watch()
  }

  /** False while the server recovers from the crash of one of its processes, and after it ended. */
  get isAccepting(): boolean {
    return this.#accepting
  }

  /** Resolves when connections are accepted, or with the exit when the process ended instead. */
  async ready(): Promise<ClusterExit | undefined> {
    while (!this.#accepting && !this.#exit) await this.#changed.wait()
    return this.#exit
  }

  /** Ends all sessions, writes a checkpoint and ends the server; harder when that takes too long. */
  stop(): Promise<ClusterExit> {
    this.#stopping ??= this.#stopInStages()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #watch(): Promise<ClusterExit> {
    const ended = await new Promise<{ code: number | null; signal: string | null; error?: Error }>(
      (resolve) => {
        this.#child.on('error', (error) => resolve({ code: null, signal: null, error }))
        this.#child.on('close', (code, signal) => resolve({ code, signal }))
      },
    )
    this.#accepting = false
    this.#logFile[Symbol.dispose]()
    const lastLines = ended.error ? [ended.error.message] : this.#logFile.lastLines
    this.#exit = { code: ended.code, signal: ended.signal, expected: this.#stopping !== undefined, lastLines }
    this.#changed.notify()
    return this.#exit
  }

  // The texts are those of src/backend/postmaster/postmaster.c; lc_messages is C.
  #onLine(line: string): void {
    if (line.endsWith('database system is ready to accept connections')) {
      this.#accepting = true
      this.#changed.notify()
    } else if (line.endsWith('all server processes terminated; reinitializing')) {
      this.#accepting = false
    } else if (line.includes('terminating any other active server processes')) {
      this.#accepting = false
      this.#log.warn(
        { pid: this.pid, dataDirectory: this.dataDirectory },
        'a Postgres process crashed; the server recovers',
      )
    }
  }

  async #stopInStages(): Promise<ClusterExit> {
    this.#accepting = false
    const stages = [
      ['SIGINT', FAST_STOP_MS],
      ['SIGQUIT', IMMEDIATE_STOP_MS],
      ['SIGKILL', IMMEDIATE_STOP_MS],
    ] as const
    for (const [signal, deadlineMs] of stages) {
      if (this.#exit) return this.#exit
      this.#child.kill(signal)
      const done = new AbortController()
      const deadline = systemClock.sleep(deadlineMs, done.signal).then(
        () => undefined,
        () => undefined,
      )
      const exit = await Promise.race([this.exited, deadline])
      done.abort()
      if (exit) return exit
      this.#log.warn({ pid: this.pid, signal, deadlineMs }, 'Postgres did not stop in time')
    }
    return this.exited
  }
}

const TELLING = /FATAL|PANIC|HINT|DETAIL|could not|invalid|unrecognized|outside the valid range/

function lastWords(exit: ClusterExit): string {
  const telling = exit.lastLines.filter((line) => TELLING.test(line))
  const said = (telling.length > 0 ? telling : exit.lastLines).slice(-4)
  // Without the time and pid of `log_line_prefix`.
  const words = said.map((line) => line.replace(/^\S+ \S+ \S+ \[\d+\] /, '').replace(/\s+/g, ' ')).join('; ')
  return words || `exit code ${exit.code}, signal ${exit.signal}`
}
