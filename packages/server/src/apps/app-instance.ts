// One app as it runs: which process serves it, and what is done when that process ends by itself.
//
//   idle → starting → running ⇄ crashed
//            ↑           │         │
//            └───────────┴─────────┘   (each may also become stopping → idle)
//
// A crash is answered with a new run after 1 s, 2 s, 4 s … up to a minute; a run that lasted a minute resets the count.
import type { Clock } from '../base/clock.ts'
import { isLakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { Signal } from '../base/signal.ts'
import type { AppLog } from './app-logs.ts'
import type { AppProcess } from './app-process.ts'
import type { ListeningSocket } from './process-table.ts'

export type InstanceState = 'idle' | 'starting' | 'running' | 'crashed' | 'stopping'

const MOVES: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  idle: ['starting', 'stopping'],
  starting: ['running', 'crashed', 'stopping', 'idle'],
  running: ['starting', 'crashed', 'stopping', 'running'],
  crashed: ['starting', 'stopping'],
  stopping: ['idle'],
}

const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 60_000
const STABLE_MS = 60_000

/** How runs of one deployment are started. */
export interface Launch {
  /** Id of the deployment. */
  readonly deployment: string
  /** Starts one run; rejects when it does not come up. */
  readonly start: (signal: AbortSignal) => Promise<AppProcess>
  /** Resolves when a first run may serve; rejects when it does not pass. Restarts after a crash are not asked. */
  readonly check?: (started: AppProcess, signal: AbortSignal) => Promise<void>
}

export interface AppInstanceOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: AppLog
  readonly logger: Logger
  /** Waits for the requests that a replaced process still answers. */
  readonly drained: (socket: ListeningSocket) => Promise<void>
}

export class AppInstance implements AsyncDisposable {
  readonly #options: AppInstanceOptions
  readonly #mutex = new KeyedMutex<'run'>()
  readonly #changed = new Signal()
  #state: InstanceState = 'idle'
  #message = ''
  #process: AppProcess | undefined
  #launch: Launch | undefined
  /** Ends what goes on without being asked: waiting for a crash, restarting after one. */
  #watch: { readonly abort: AbortController; readonly done: Promise<void> } | undefined

  constructor(options: AppInstanceOptions) {
    this.#options = options
  }

  get state(): InstanceState {
    return this.#state
  }

  /** Why it is as it is; empty while all is well. */
  get message(): string {
    return this.#message
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Id of the deployment that it runs, or starts again and again; undefined while it is idle. */
  get deployment(): string | undefined {
    return this.#launch?.deployment
  }

  /** Where it answers; undefined unless it runs. */
  get socket(): ListeningSocket | undefined {
    return this.#state === 'running' || this.#state === 'starting' ? this.#process?.socket : undefined
  }

  /** Resolves when the state may have changed. */
  changed(): Promise<void> {
    return this.#changed.wait()
  }

  /**
   * Makes `launch` what runs from now on. The new run comes up beside the old one, which serves until then, unless the old one sits on
   * a port of its own choice, which two cannot share: then it goes first. When the new one does not come up, the old one serves on.
   */
  async replace(launch: Launch, signal: AbortSignal): Promise<void> {
    await this.#mutex.run('run', async () => {
      const before = { process: this.#process, launch: this.#launch }
      const mustGoFirst = before.process?.hasOwnPort ?? false
      await this.#endWatch()
      this.#move('starting', 'deploying')
      if (mustGoFirst) await this.#endProcess()
      try {
        const started = await startChecked(launch, signal)
        const old = this.#process
        this.#serve(started, launch)
        if (old) await this.#options.drained(old.socket)
        await old?.[Symbol.asyncDispose]()
      } catch (error) {
        await this.#backTo(before, error)
        throw error
      }
    })
  }

  /** Runs `launch` and keeps trying when it does not come up, as after a crash. Returns at once; nothing to do unless idle. */
  keepRunning(launch: Launch): void {
    if (this.#state !== 'idle') return
    this.#launch = launch
    this.#move('starting', 'starting')
    this.#beginWatch(0)
  }

  /** Ends the process (SIGTERM, 15 s, SIGKILL) and does not start it again. */
  async stop(): Promise<void> {
    // What waits or restarts is ended before the queue, so that a stop never waits for a start.
    this.#watch?.abort.abort(new Error('the app is being stopped'))
    await this.#mutex.run('run', async () => {
      await this.#endWatch()
      if (this.#state !== 'stopping') this.#move('stopping', '')
      await this.#endProcess()
      this.#launch = undefined
      this.#move('idle', '')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'idle' || this.#process) await this.stop()
  }

  async #backTo(
    before: { process: AppProcess | undefined; launch: Launch | undefined },
    error: unknown,
  ): Promise<void> {
    if (this.#process && before.launch) {
      this.#serve(this.#process, before.launch)
    } else if (before.launch) {
      this.#options.log.add('SYSTEM', 'The new deployment did not start; starting the one before again')
      this.#launch = before.launch
      this.#beginWatch(0)
    } else {
      this.#move('idle', reasonOf(error))
    }
  }

  #serve(started: AppProcess, launch: Launch): void {
    this.#process = started
    this.#launch = launch
    this.#move('running', '')
    this.#beginWatch(undefined)
  }

  /** Watches the process and restarts it when it ends; with `restartAfterMs` it starts one first. */
  #beginWatch(restartAfterMs: number | undefined): void {
    const abort = new AbortController()
    const done = this.#watchLoop(abort.signal, restartAfterMs).catch((error: unknown) => {
      if (!abort.signal.aborted) this.#options.logger.error({ err: error }, 'watching an app failed')
    })
    this.#watch = { abort, done }
  }

  async #watchLoop(signal: AbortSignal, restartAfterMs: number | undefined): Promise<void> {
    let pauseMs = restartAfterMs
    let failures = 0
    for (;;) {
      if (pauseMs !== undefined) {
        await this.#options.clock.sleep(pauseMs, signal)
        const isUp = await this.#restart(signal)
        signal.throwIfAborted()
        if (!isUp) {
          pauseMs = backoffMs(failures++)
          continue
        }
      }
      const since = this.#options.clock.monotonicMs()
      await this.#untilExit(signal)
      if (this.#options.clock.monotonicMs() - since > STABLE_MS) failures = 0
      pauseMs = backoffMs(failures++)
      this.#options.log.add('SYSTEM', `Restarting the app in ${Math.round(pauseMs / 1000)} s`)
    }
  }

  /** Waits for the end of the process that serves now, and records the crash. */
  async #untilExit(signal: AbortSignal): Promise<void> {
    const current = this.#process
    if (!current) return
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(undefined)
      })
    })
    const exit = await Promise.race([current.exited, aborted])
    signal.throwIfAborted()
    this.#process = undefined
    const message = `The app ${exit?.ending ?? 'ended'}`
    this.#options.log.add('SYSTEM', message)
    this.#options.logger.warn({ app: this.#options.name, ending: exit?.ending }, 'app ended by itself')
    this.#move('crashed', message)
    // Whatever else is left of its group.
    await current[Symbol.asyncDispose]()
  }

  async #restart(signal: AbortSignal): Promise<boolean> {
    const launch = this.#launch
    if (!launch) return false
    if (this.#state !== 'starting') this.#move('starting', this.#message)
    try {
      const started = await launch.start(signal)
      if (signal.aborted) {
        await started[Symbol.asyncDispose]()
        return false
      }
      this.#process = started
      this.#move('running', '')
      return true
    } catch (error) {
      if (signal.aborted) return false
      const reason = reasonOf(error)
      this.#options.log.add('SYSTEM', reason)
      if (!isLakeletError(error)) this.#options.logger.error({ err: error }, 'starting an app failed')
      this.#move('crashed', reason)
      return false
    }
  }

  async #endWatch(): Promise<void> {
    this.#watch?.abort.abort(new Error('the app is being replaced or stopped'))
    await this.#watch?.done
    this.#watch = undefined
  }

  async #endProcess(): Promise<void> {
    const ending = this.#process
    this.#process = undefined
    await ending?.[Symbol.asyncDispose]()
  }

  #move(to: InstanceState, message: string): void {
    const from = this.#state
    if (!MOVES[from].includes(to) && from !== to) throw new Error(`an app cannot go from ${from} to ${to}`)
    this.#state = to
    this.#message = message
    this.#options.logger.info({ app: this.#options.name, from, to, reason: message }, 'app state')
    this.#changed.notify()
  }
}

async function startChecked(launch: Launch, signal: AbortSignal): Promise<AppProcess> {
  const started = await launch.start(signal)
  try {
    await launch.check?.(started, signal)
    return started
  } catch (error) {
    await started[Symbol.asyncDispose]()
    throw error
  }
}

function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** failures, LONGEST_BACKOFF_MS)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
