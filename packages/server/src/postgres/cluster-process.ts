// The process of a server: a child of this one, or one that an earlier run started.
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { childTarget, exitOf, type ProcessExit, sendSignal, type Target } from '../base/terminate.ts'
import { runsIn } from './server-processes.ts'

export interface ClusterProcess {
  readonly pid: number | undefined
  /** What it says; undefined where nobody hears it any more. */
  readonly stderr: Readable | undefined
  readonly target: Target
  /** How it ends; never rejects. */
  readonly exited: Promise<ProcessExit>
  /** From here on nobody watches it. */
  readonly letGo: () => void
}

const LOOK_EVERY_MS = 100

/** `lines` is what it says where that is not a pipe of its own. */
export function childProcess(child: ChildProcess, lines?: Readable): ClusterProcess {
  return {
    pid: child.pid,
    stderr: lines ?? child.stderr ?? undefined,
    target: childTarget(child),
    exited: exitOf(child),
    letGo: () => undefined,
  }
}

/** Of a postmaster on `home`, a path without symbolic links. Its parent is gone, so it is looked at again and again. */
export function adoptedProcess(pid: number, home: string, stderr: Readable | undefined): ClusterProcess {
  const given = new AbortController()
  const exited = watch(pid, home, given.signal)
  return {
    pid,
    stderr,
    target: {
      send: (signal) => void sendSignal(pid, signal),
      hasEnded: async () => !(await runsIn(pid, home)),
      exited,
    },
    exited,
    letGo: () => {
      given.abort()
      stderr?.destroy()
    },
  }
}

async function watch(pid: number, home: string, signal: AbortSignal): Promise<ProcessExit> {
  while (!signal.aborted && (await runsIn(pid, home))) {
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  // Nobody is told how somebody else's child ends, but one that was shut down in order removes its pid file.
  const isClean = !existsSync(path.join(home, 'postmaster.pid'))
  return { code: isClean ? 0 : null, signal: null }
}
