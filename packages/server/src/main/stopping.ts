// The end of a workspace. Its parts stop one after the other; together they have a deadline, and one that is not done by then is left
// behind with its name in the log. What still runs as a child of this process then is ended hard: nothing outlives a workspace.
import { readdirSync, readFileSync } from 'node:fs'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { sendSignal } from '../base/terminate.ts'
import { ownUnownedErrors } from './unowned-errors.ts'

/** How long all parts may take together; what stops a service gives up after 90 s (systemd) and knows no patience before. */
const STOP_MS = 25_000
/** What a part gets when those before it took all the time: enough for what is quick. */
const LEAST_MS = 500

export interface StoppableOptions {
  readonly log: Logger
  readonly clock?: Clock
  readonly stopMs?: number
}

/** Parts that are stopped in the reverse order of their start, within a deadline. */
export class Stopping {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #stopMs: number
  readonly #overdue: string[] = []
  #deadline: number | undefined

  constructor({ log, clock = systemClock, stopMs = STOP_MS }: StoppableOptions) {
    this.#log = log
    this.#clock = clock
    this.#stopMs = stopMs
  }

  /** Names of the parts that did not stop in time. */
  get overdue(): readonly string[] {
    return this.#overdue
  }

  /** `part`, whose disposal never takes longer than is left. */
  limit(name: string, part: AsyncDisposable): AsyncDisposable {
    return { [Symbol.asyncDispose]: () => this.#stop(name, part) }
  }

  async #stop(name: string, part: AsyncDisposable): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    this.#deadline ??= startedMs + this.#stopMs
    const leftMs = Math.max(LEAST_MS, this.#deadline - startedMs)
    const given = new AbortController()
    const stopped = stop(part)
    const late = this.#clock.sleep(leftMs, given.signal).then(
      () => 'late' as const,
      () => 'stopped' as const,
    )
    try {
      if ((await Promise.race([stopped, late])) === 'late') this.#leave(name, stopped)
      this.#log.debug({ part: name, ms: Math.round(this.#clock.monotonicMs() - startedMs) }, 'a part stopped')
    } finally {
      given.abort()
    }
  }

  #leave(name: string, stopped: Promise<unknown>): void {
    this.#overdue.push(name)
    this.#log.error({ part: name, stopMs: this.#stopMs }, 'a part did not stop in time and is left behind')
    stopped.catch((error: unknown) => {
      this.#log.error({ err: error, part: name }, 'a part that was left behind failed to stop')
    })
  }
}

async function stop(part: AsyncDisposable): Promise<'stopped'> {
  await part[Symbol.asyncDispose]()
  return 'stopped'
}

/** Makes this process the workspace's own until disposed: nothing that is not handled ends it, and its children end with it. */
export function ownProcess(log: Logger, stopping: Stopping): Disposable {
  const owned = ownUnownedErrors(log)
  process.on('exit', endChildren)
  return {
    [Symbol.dispose]() {
      owned[Symbol.dispose]()
      if (stopping.overdue.length === 0) {
        process.off('exit', endChildren)
        return
      }
      // Something still waits for what it will not get; without it the process would end by itself.
      setTimeout(() => process.exit(1), LEAST_MS).unref()
    },
  }
}

/** Ends every child of this process at once: Postgres by its immediate shutdown, everything else hard, with all below it. Synchronous, for 'exit'. */
export function endChildren(): void {
  for (const pid of childrenOf(process.pid)) {
    // A Postgres that is killed leaves its backends to find out; SIGQUIT ends them too. One that is frozen obeys nothing else.
    if (nameAndState(pid) === 'postgres S') sendSignal(pid, 'SIGQUIT')
    else killTree(pid)
  }
}

function killTree(pid: number): void {
  const children = childrenOf(pid)
  sendSignal(pid, 'SIGKILL')
  for (const child of children) killTree(child)
  // What it started and left may still be in its group.
  sendSignal(-pid, 'SIGKILL')
}

/** Children of a process, where the system tells. */
function childrenOf(parent: number): number[] {
  try {
    return readdirSync(`/proc/${parent}/task`).flatMap((thread) =>
      readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/** `postgres S`: what a process runs, and whether it sleeps, runs or is stopped (T), as proc_pid_stat(5) has it. */
function nameAndState(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const end = stat.lastIndexOf(')')
    const state = stat.charAt(end + 2)
    return `${stat.slice(stat.indexOf('(') + 1, end)} ${state === 'R' || state === 'D' ? 'S' : state}`
  } catch {
    return ''
  }
}
