// One run of an app: a process group with its log, the port it really listens on, and its end. It is never restarted; a new run is a
// new object. Stopping is SIGTERM to all it started, and SIGKILL after the platform's 15 s.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { LakeletError } from '../base/errors.ts'
import type { ProcessExit } from '../base/terminate.ts'
import { readLines } from '../base/lines.ts'
import type { AppLog } from './app-logs.ts'
import {
  type ConfinedProcess,
  type Confinement,
  endingOf,
  endRun,
  processesOf,
  spawnConfined,
} from './confined-process.ts'
import { exposureLine } from './exposure.ts'
import { OutputTail } from './output-tail.ts'
import { conflictingPort, describeOwner } from './port-conflict.ts'
import {
  groupByPs,
  exposedPorts,
  hasProcessTable,
  type ListeningSocket,
  listeningSockets,
  ownsPort,
} from './process-table.ts'
import type { SandboxNetwork } from './sandbox/network.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** Time between SIGTERM and SIGKILL. */
export const STOP_MS = 15_000
/** How long an app may take until it listens. */
export const START_MS = 10 * 60_000
const LINES_KEPT = 50
/** The port that apps hard-wired for the platform listen on. */
const PLATFORM_PORT = 8000

export interface AppProcessOptions extends Confinement {
  /** What it runs in; this machine as it is where undefined. */
  readonly sandbox?: Sandbox | undefined
  readonly command: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  /** The free port that the environment names. */
  readonly port: number
  readonly log: AppLog
  /** Called with the pid as soon as there is one, before anything else happens. */
  readonly onSpawn: (pid: number) => Promise<void>
  /** The app, other than this one, that a process belongs to. */
  readonly appOf: (pid: number) => string | undefined
  readonly startMs?: number
  readonly stopMs?: number
  /** Resolves with words for why the run has to end, once there is something; undefined when it is aborted first. */
  readonly overuse?: (signal: AbortSignal) => Promise<string | undefined>
  readonly signal: AbortSignal
}

export interface AppExit {
  /** `exited with code 1`, `was killed by SIGKILL`. */
  readonly ending: string
}

export interface AppProcess extends AsyncDisposable {
  readonly pid: number
  /** Where it is reached. */
  readonly socket: ListeningSocket
  /** Where it listens, in its own network where it has one. */
  readonly listening: ListeningSocket
  /** Whether it listens on a port of its own choice rather than on the one it was given. */
  readonly hasOwnPort: boolean
  readonly exited: Promise<AppExit>
  /** The end of its output. */
  readonly tail: () => string
}

/**
 * Starts the app and waits until it listens. LakeletError `app_port_taken` or `app_start_failed` when it ends or the time is over
 * first; nothing of it runs then.
 */
export async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  options.signal.throwIfAborted()
  const run = new Run(options, await spawnConfined(options))
  try {
    await run.spawned()
    await run.connected()
    const listening = await run.listening()
    await run.warnIfExposed()
    return {
      pid: run.pid,
      listening,
      socket: await run.wayTo(listening),
      hasOwnPort: !options.sandbox && listening.port !== options.port,
      exited: run.exited,
      tail: () => run.tail,
      [Symbol.asyncDispose]: () => run.stop(),
    }
  } catch (error) {
    await run.stop()
    throw error
  }
}

class Run {
  readonly #options: AppProcessOptions
  readonly #process: ConfinedProcess
  readonly #tail = new OutputTail(LINES_KEPT)
  readonly exited: Promise<AppExit>
  #exit: AppExit | undefined
  #stopping: Promise<void> | undefined
  #network: SandboxNetwork | undefined
  readonly #watching = new AbortController()
  #overuse: string | undefined

  constructor(options: AppProcessOptions, process: ConfinedProcess) {
    this.#options = options
    this.#process = process
    this.exited = process.exited.then(async (exit) => {
      this.#watching.abort()
      return (this.#exit = { ending: this.#overuse ?? (await this.#endingOf(exit)) })
    })
    void this.#watch()
    const onLine = (line: string) => {
      this.#tail.add(line)
      options.log.add('APP', line)
    }
    void readLines(process.child.stdout, onLine)
    void readLines(process.child.stderr, onLine)
  }

  get pid(): number {
    return this.#process.child.pid ?? 0
  }

  get tail(): string {
    return this.#tail.toString() || '(it wrote nothing)'
  }

  /** Settles once the operating system has answered the spawn. */
  async spawned(): Promise<void> {
    const { pid } = this.#process.child
    if (pid === undefined) throw await this.#failure(await this.exited)
    await this.#options.onSpawn(pid)
  }

  /** Where it has a sandbox, it is let go on there. */
  async connected(): Promise<void> {
    const { sandbox } = this.#options
    if (!sandbox) return
    try {
      this.#network = await sandbox.open(this.#process.child)
    } catch (error) {
      throw this.#exit ? await this.#failure(this.#exit) : error
    }
    // An app without its network answers nobody: it starts again with another one.
    void this.#network.ended.then(() => this.stop())
  }

  /** Where a socket of the app is reached from outside. */
  async wayTo(socket: ListeningSocket): Promise<ListeningSocket> {
    return (await this.#network?.wayTo(socket)) ?? socket
  }

  async listening(): Promise<ListeningSocket> {
    const deadline = performance.now() + (this.#options.startMs ?? START_MS)
    let firstSeen: number | undefined
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 1.2, 500)) {
      this.#options.signal.throwIfAborted()
      if (this.#exit) throw await this.#failure(this.#exit)
      if (performance.now() > deadline) throw await this.#failure({ ending: 'listened on no port in time' })
      const sockets = await this.#sockets()
      firstSeen ??= sockets.length > 0 ? performance.now() : undefined
      // A port that is neither the given one nor the platform's may be a helper's; the real one gets a second to show up.
      const isPatient = firstSeen !== undefined && performance.now() - firstSeen < 1000
      const socket = this.#choose(sockets, isPatient)
      if (socket && (this.#network || (await answersAt(socket))) && !this.#exit) return socket
      await Promise.race([delay(pauseMs), this.exited])
    }
  }

  /** Says so where other machines reach the app past its sign-in. */
  async warnIfExposed(): Promise<void> {
    if (this.#network) return
    const ports = await exposedPorts(await processesOf(this.#process))
    if (ports.length === 0) return
    this.#options.log.add('SYSTEM', exposureLine(ports))
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await endRun(this.#process, this.#options.stopMs ?? STOP_MS)
    // Not before: what it still answers goes through there.
    await this.#network?.[Symbol.asyncDispose]()
    this.#process.child.stdout.destroy()
    this.#process.child.stderr.destroy()
  }

  async #watch(): Promise<void> {
    this.#overuse = await this.#options.overuse?.(this.#watching.signal)
    if (this.#overuse !== undefined) await this.stop()
  }

  /** A process that the kernel ended for want of memory says nothing of that itself. */
  async #endingOf(exit: ProcessExit): Promise<string> {
    const ending = endingOf(exit)
    const isShort = ending.endsWith('SIGKILL') && (await this.#options.limits?.group?.wasShortOfMemory())
    return isShort ? `${ending}: it needed more memory than its size has` : ending
  }

  async #sockets(): Promise<ListeningSocket[]> {
    const inside = this.#network && this.pid
    if (hasProcessTable) return listeningSockets(await processesOf(this.#process), inside)
    // The given port is nobody else's; whoever answers on the platform's must be shown to be this app.
    const sockets: ListeningSocket[] = []
    const { port } = this.#options
    if (await answersAt({ host: '127.0.0.1', port })) sockets.push({ host: '127.0.0.1', port })
    if (await ownsPort(await groupByPs(this.pid), PLATFORM_PORT))
      sockets.push({ host: '127.0.0.1', port: PLATFORM_PORT })
    return sockets
  }

  #choose(sockets: readonly ListeningSocket[], isPatient: boolean): ListeningSocket | undefined {
    const expected = [this.#options.port, PLATFORM_PORT]
    const known = expected.map((port) => sockets.find((each) => each.port === port)).find((each) => each)
    if (known) return known
    return isPatient ? undefined : [...sockets].sort((a, b) => a.port - b.port)[0]
  }

  async #failure(exit: AppExit): Promise<LakeletError> {
    // Its last words may still be on their way through the pipe.
    await delay(100)
    const log = this.tail
    const { command } = this.#options
    const port = conflictingPort(log, command)
    if (port !== undefined) {
      return new LakeletError('app_port_taken', {
        port,
        owner: await describeOwner(port, this.#options.appOf),
        log,
      })
    }
    const params = { command: command.join(' '), ending: exit.ending, hint: hintFor(log), log }
    return new LakeletError('app_start_failed', params)
  }
}

function hintFor(output: string): string {
  const missing = /ModuleNotFoundError: No module named '([\w.]+)'/.exec(output)?.[1]
  return missing === undefined
    ? ''
    : ` Its package '${missing}' is not installed: add the package that holds it to requirements.txt.`
}

function answersAt(socket: ListeningSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect({ host: socket.host, port: socket.port, timeout: 1000 })
    const end = (answer: boolean) => {
      connection.destroy()
      resolve(answer)
    }
    connection.once('connect', () => {
      end(true)
    })
    connection.once('timeout', () => {
      end(false)
    })
    connection.once('error', () => {
      end(false)
    })
  })
}
