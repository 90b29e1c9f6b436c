// Ending a process, the same way everywhere: a signal, a while to obey it, a harder signal, until the last one. A process has ended
// when the operating system says so ('exit'), not when its pipes are closed ('close'): a child of it may hold those for ever.
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock } from './clock.ts'

export interface Stage {
  readonly signal: NodeJS.Signals
  /** How long the process may take to end after this signal. */
  readonly waitMs: number
}

/** SIGTERM, and after `graceMs` SIGKILL. */
export function termThenKill(graceMs: number, killMs = 5_000): readonly Stage[] {
  return [
    { signal: 'SIGTERM', waitMs: graceMs },
    { signal: 'SIGKILL', waitMs: killMs },
  ]
}

export interface Termination {
  /** False when it was still there after the last stage (it hangs in the kernel). */
  readonly ended: boolean
  /** The last signal that was sent; undefined when it had ended before. */
  readonly signal: NodeJS.Signals | undefined
}

export interface TerminateOptions {
  readonly stages: readonly Stage[]
  readonly clock?: Clock
  /** Called when a stage was not enough, before the next one. */
  readonly onOverdue?: (stage: Stage) => void
}

/** What can be ended: a child, a group, or a process found by its pid file. */
export interface Target {
  /** Sends the signal; one that has ended is no error. */
  send(signal: NodeJS.Signals): void
  /** Whether it has ended; asked again until the stage is over. */
  hasEnded(): boolean | Promise<boolean>
  /** Settles when it may have ended, to spare the asking. */
  readonly exited?: Promise<unknown>
}

const POLL_MS = 10

/** Ends `target` stage by stage; never throws. */
export async function terminate(target: Target, options: TerminateOptions): Promise<Termination> {
  const clock = options.clock ?? systemClock
  let last: Stage | undefined
  for (const stage of options.stages) {
    if (await target.hasEnded()) return { ended: true, signal: last?.signal }
    if (last) options.onOverdue?.(last)
    last = stage
    target.send(stage.signal)
    await untilEnded(target, stage.waitMs, clock)
  }
  return { ended: await target.hasEnded(), signal: last?.signal }
}

async function untilEnded(target: Target, waitMs: number, clock: Clock): Promise<void> {
  const deadline = clock.monotonicMs() + waitMs
  const given = new AbortController()
  // Its end is one event; only what is left of a group, or a process of others, needs asking.
  if (target.exited) {
    await Promise.race([target.exited, clock.sleep(waitMs, given.signal).catch(() => undefined)])
    given.abort()
  }
  // By a timer of its own: nothing else may be left that keeps this process alive until the other one has ended.
  while (clock.monotonicMs() < deadline && !(await target.hasEnded())) await delay(POLL_MS)
}

/** A child of this process. */
export function childTarget(child: ChildProcess): Target {
  return {
    send: (signal) => void child.kill(signal),
    hasEnded: () => hasExited(child),
    exited: exitOf(child),
  }
}

/** A child that was spawned `detached`, and everything in its process group. */
export function groupTarget(child: ChildProcess): Target {
  const { pid } = child
  return {
    send: (signal) => {
      if (pid !== undefined) sendSignal(-pid, signal)
    },
    hasEnded: () => hasExited(child) && (pid === undefined || !isGroupAlive(pid)),
    exited: exitOf(child),
  }
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started at all. */
  readonly error?: Error
}

/** How the child ends, or ended; never rejects. */
export function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
    child.on('error', (error) => {
      // An error of a running child (a signal that could not be sent) does not end it.
      if (child.pid === undefined) resolve({ code: null, signal: null, error })
    })
    // The event is over by now, or comes in this turn of the loop when there never was a process.
    if (hasExited(child)) {
      setImmediate(() => {
        resolve({ code: child.exitCode, signal: child.signalCode })
      })
    }
  })
}

function hasExited(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

/** Sends `signal` to a process, or to a group as a negative number; false when nobody is there. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whether a process of the group runs. One that has ended and was not waited for (a zombie) does not. */
export function isGroupAlive(group: number): boolean {
  if (!sendSignal(-group, 0)) return false
  if (process.platform !== 'linux') return true
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && runsInGroup(name, group))
}

function runsInGroup(pid: string, group: number): boolean {
  try {
    // proc_pid_stat(5): pid (comm) state ppid pgrp …; comm may hold anything, also parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(pgrp) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}
