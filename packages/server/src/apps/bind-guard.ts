// Keeps servers of apps on loopback, whatever address they ask for: `0.0.0.0` would let other machines reach an app past its sign-in.
// The kernel does it, for the user ids that apps have, where root starts the workspace and may load programs into it.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Logger } from '../base/log.ts'
import { readLines } from '../base/lines.ts'
import { childTarget, exitOf, terminate, termThenKill } from '../base/terminate.ts'
import { BIND_GUARD } from './bind-guard-program.ts'
import { systemPath } from './remove-tree.ts'

/** User ids from `first` on. */
export interface UserRange {
  readonly first: number
  readonly count: number
}

/** Starts to guard the processes of `range`; undefined where this host does not let us, for a reason that is logged. */
export async function startBindGuard(range: UserRange, log: Logger): Promise<AsyncDisposable | undefined> {
  const group = await controlGroups()
  if (group === undefined) {
    log.info('servers of apps are not held to loopback: the system has no control groups of version 2')
    return undefined
  }
  const words = ['-I', '-S', '-c', BIND_GUARD, String(range.first), String(range.first + range.count), group]
  const child = spawn('python3', words, {
    cwd: '/',
    env: { PATH: systemPath() },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = exitOf(child)
  const complaint = text(child.stderr).catch(() => '')
  const isReady = await Promise.race([
    new Promise<true>((resolve) => {
      void readLines(child.stdout, (line) => {
        if (line === 'ready') resolve(true)
      })
    }),
    exited.then(() => false),
  ])
  if (!isReady) {
    const reason = (await exited).error?.message ?? (await complaint).trim().split('\n').at(-1)
    log.info({ reason }, 'servers of apps are not held to loopback')
    return undefined
  }
  let isEnding = false
  void exited.then((exit) => {
    if (!isEnding) log.error({ exit }, 'what holds servers of apps to loopback has ended')
  })
  return {
    async [Symbol.asyncDispose]() {
      isEnding = true
      child.stdin.end()
      await terminate(childTarget(child), { stages: termThenKill(1000) })
    },
  }
}

/** Where the hierarchy of all processes is mounted. */
async function controlGroups(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  const found = mounts.split('\n').find((line) => line.split(' ')[2] === 'cgroup2')
  return found?.split(' ')[1]
}
