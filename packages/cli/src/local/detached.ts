// `lakelet up --detach`: the same command once more in a process of its own, which tells this one over a channel when it serves.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'

/** What the process says once, when it serves and has done what it was asked to. */
const readySchema = z.object({
  ready: z.object({
    data: z.record(z.string(), z.unknown()),
    lines: z.array(z.string()),
    /** Why the tutorial stopped, when it did. */
    failure: z.string().optional(),
  }),
})

export type Ready = z.output<typeof readySchema>['ready']

export interface Detached {
  readonly pid: number
  /** What the process writes to its streams. */
  readonly logFile: string
  /** Resolves when it serves; rejects when it ends first, and ends it when `signal` is aborted or the time is over. */
  ready(timeoutMs: number, signal: AbortSignal): Promise<Ready>
  /** Leaves the process alone. */
  release(): void
}

/** Starts `program args` apart from this process and its terminal. */
export function startDetached(terminal: Terminal, dataDir: string, args: readonly string[]): Detached {
  const [command, ...first] = terminal.program ?? []
  if (command === undefined) throw new Error('this terminal cannot start the program again')
  // As the server would make it: Postgres may run as another user.
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  const logFile = path.join(dataDir, 'up.log')
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(command, [...first, ...args], {
    cwd: terminal.cwd,
    env: terminal.env,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  return {
    pid: child.pid ?? 0,
    logFile,
    ready: (timeoutMs, signal) => waitUntilReady(child, logFile, timeoutMs, signal),
    release: () => release(child),
  }
}

function release(child: ChildProcess): void {
  if (child.connected) child.disconnect()
  child.unref()
}

async function waitUntilReady(
  child: ChildProcess,
  logFile: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Ready> {
  const done = new AbortController()
  const late = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const options = { signal: AbortSignal.any([late, done.signal]) }
  try {
    const first = await Promise.race([
      once(child, 'message', options).then(([message]) => readySchema.parse(message).ready),
      once(child, 'exit', options).then(() => undefined),
    ])
    if (first) return first
  } catch (error) {
    child.kill('SIGTERM')
    if (signal.aborted || !late.aborted) throw error
    throw failed(
      `The workspace was not ready within ${Math.round(timeoutMs / 1000)} s and was stopped`,
      logFile,
    )
  } finally {
    done.abort()
    release(child)
  }
  throw failed('The workspace did not start', logFile)
}

/** Longest part of the log that a message repeats, in characters. */
const REPEATED = 2000

function failed(what: string, logFile: string): Failure {
  const said = readFileSync(logFile, 'utf8').trim().slice(-REPEATED)
  return new Failure(`${what}. It said:\n${said}`, {
    exitCode: exitCodes.unavailable,
    todo: `All of it is in ${logFile}.`,
  })
}
