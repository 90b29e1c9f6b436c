// One run of an app: a process group with its log, the port it really listens on, and its end. It is never restarted; a new run is a
// new object. Stopping is SIGTERM to all it started, and SIGKILL after the platform's 15 s.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { LakeletError } from '../base/errors.ts'
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

/** Time between SIGTERM and SIGKILL. */
export const STOP_MS = 15_000
/** How long an app may take until it listens. */
export const START_MS = 10 * 60_000
const LINES_KEPT = 50
/** The port that apps hard-wired for the platform listen on. */
const PLATFORM_PORT = 8000

export interface AppProcessOptions extends Confinement {
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
  readonly signal: AbortSignal
}

export interface AppExit {
  /** `exited with code 1`, `was killed by SIGKILL`. */
  readonly ending: string
}

export interface AppProcess extends AsyncDisposable {
  readonly pid: number
  readonly socket: ListeningSocket
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
    const socket = await run.listening()
    await run.warnIfExposed()
    return {
      pid: run.pid,
      socket,
      hasOwnPort: socket.port !== options.port,
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

  constructor(options: AppProcessOptions, process: ConfinedProcess) {
    this.#options = options
    this.#process = process
    this.exited = process.exited.then((exit) => (this.#exit = { ending: endingOf(exit) }))
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
      if (socket && (await answersAt(socket)) && !this.#exit) return socket
      await Promise.race([delay(pauseMs), this.exited])
    }
  }

  /** Says so where other machines reach the app past its sign-in. */
  async warnIfExposed(): Promise<void> {
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
    this.#process.child.stdout.destroy()
    this.#process.child.stderr.destroy()
  }

  async #sockets(): Promise<ListeningSocket[]> {
    if (hasProcessTable) return listeningSockets(await processesOf(this.#process))
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
