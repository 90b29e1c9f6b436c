// Processes that run other people's code: an app, a step of a build. Each is the leader of a group, marked, without the way back to
// privileges that set-user-id programs are, and under the app's own user id where there is one. Here is also how they end.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { access, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  exitOf,
  isGroupAlive,
  type ProcessExit,
  sendSignal,
  terminate,
  termThenKill,
} from '../base/terminate.ts'
import { readProcFile } from '../base/proc-file.ts'
import type { Account } from './account.ts'
import { familyOf, groupOf, hasProcessTable } from './process-table.ts'
import { runAs } from './remove-tree.ts'
import { markedProcesses, markingWords } from './run-mark.ts'
import type { RunLimits } from './limits/app-limits.ts'
import { gated, openGate } from './sandbox/gate.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** What a process of an app is started as. */
export interface Confinement {
  readonly account?: Account | undefined
  readonly mark?: number | undefined
  readonly limits?: Pick<RunLimits, 'words' | 'group'> | undefined
}

export interface ConfinedCommand extends Confinement {
  /** What it runs in; it waits there until that is opened. */
  readonly sandbox?: Pick<Sandbox, 'words'> | undefined
  readonly command: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
}

export interface ConfinedProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly mark: number | undefined
  /** How it ended; `error` for one that could not be started. */
  readonly exited: Promise<ProcessExit>
}

/** Starts a command with its output in pipes. */
export async function spawnConfined(command: ConfinedCommand): Promise<ConfinedProcess> {
  const { account, directory, environment, sandbox, limits } = command
  const isMissing = !(await isThere(command))
  const words = isMissing ? command.command : await confined(command)
  const [program = '', ...rest] = words
  const child = spawn(program, rest, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(sandbox || limits?.group ? (['pipe'] as const) : [])],
    // Node drops supplementary groups together with root (libuv, uv__process_child_init).
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  }) as ConfinedProcess['child']
  const exited = exitOf(child)
  // It waits, so nothing of it is outside its group.
  if (limits?.group && child.pid !== undefined) await limits.group.add(child.pid)
  if (limits?.group && !sandbox) openGate(child)
  return { child, mark: command.mark, exited: isMissing ? exited.then(asMissing) : exited }
}

async function confined(asked: ConfinedCommand): Promise<readonly string[]> {
  const { mark, sandbox, directory, limits } = asked
  const command = [...(limits?.words ?? []), ...asked.command]
  const bound = (await canForbidPrivileges()) ? ['setpriv', '--no-new-privs', '--'] : []
  const words = sandbox?.words(command, directory) ?? (limits?.group ? gated(command) : command)
  return [...(mark === undefined ? [] : markingWords(mark)), ...bound, ...words]
}

let forbids: Promise<boolean> | undefined

/** Whether `no_new_privs` can be set (util-linux's setpriv; busybox has one that cannot). */
function canForbidPrivileges(): Promise<boolean> {
  forbids ??= promisify(execFile)('setpriv', ['--no-new-privs', '--', 'true']).then(
    () => true,
    () => false,
  )
  return forbids
}

/** Whether the program exists: the words put before it would hide that. */
async function isThere({ command, directory, environment }: ConfinedCommand): Promise<boolean> {
  const [program = ''] = command
  const candidates = program.includes('/')
    ? [path.resolve(directory, program)]
    : (environment['PATH'] ?? '').split(path.delimiter).map((each) => path.join(each, program))
  for (const file of candidates) {
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** A directory of PATH that the app's user may not enter makes another error of it. */
function asMissing(exit: ProcessExit): ProcessExit {
  return exit.error ? { ...exit, error: Object.assign(new Error('not found'), { code: 'ENOENT' }) } : exit
}

/** Words for how a process ended: `exited with code 1`, `was killed by SIGKILL`. */
export function endingOf({ code, signal, error }: ProcessExit): string {
  if (error && 'code' in error && error.code === 'ENOENT') return 'is not a program on this machine'
  if (error) return `could not be run (${error.message})`
  if (signal !== null) return `was killed by ${signal}`
  const killer = code !== null && code > 128 ? signalNumbered(code - 128) : undefined
  return killer === undefined ? `exited with code ${code}` : `was killed by ${killer}`
}

/** Shells and sandboxes tell the signal that ended their command so. */
function signalNumbered(number: number): string | undefined {
  return Object.entries(osConstants.signals).find(([, each]) => each === number)?.[0]
}

/** Live processes of a run: its group, its descendants, and whatever bears its mark. */
export async function processesOf({
  child,
  mark,
}: Pick<ConfinedProcess, 'child' | 'mark'>): Promise<number[]> {
  const family = hasProcessTable && child.pid !== undefined ? await familyOf(child.pid) : []
  const marked = mark === undefined ? [] : await markedProcesses((each) => each === mark)
  return [...new Set([...family, ...marked])]
}

/**
 * Ends a run with everything it started: SIGTERM, and SIGKILL after `graceMs`. What starts processes faster than they are found is
 * killed again, until there is nothing left to find.
 */
export async function endRun(run: ConfinedProcess, graceMs: number): Promise<void> {
  const { child } = run
  const leader = child.pid
  if (leader === undefined) return
  let strays = await straysOf(run, leader)
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  await terminate(
    {
      send(signal) {
        sendSignal(-leader, signal)
        for (const pid of strays) sendSignal(pid, signal)
      },
      async hasEnded() {
        if (!hasExited()) return false
        if (!hasProcessTable) return !isGroupAlive(leader)
        if ((await processesOf(run)).length === 0) return true
        strays = await straysOf(run, leader)
        await delay(RESCAN_MS)
        return false
      },
      exited: run.exited,
    },
    { stages: [...termThenKill(graceMs, 500), ...Array.from({ length: 20 }, () => KILL_AGAIN)] },
  )
}

/** Processes of a run that have left its group. */
async function straysOf(run: ConfinedProcess, leader: number): Promise<number[]> {
  const strays: number[] = []
  for (const pid of await processesOf(run)) if ((await groupOf(pid)) !== leader) strays.push(pid)
  return strays
}

const RESCAN_MS = 50
const KILL_AGAIN = { signal: 'SIGKILL', waitMs: 100 } as const

/** Kills every process of an app's own user id. One `kill` of all is atomic in the kernel, so nothing escapes it by forking. */
export async function killAllOf({ uid, gid }: Account): Promise<void> {
  for (let tries = 0; tries < 50 && (await usersOfProcesses()).has(uid); tries += 1)
    await runAs({ uid, gid }, '/bin/sh', ['-c', 'kill -KILL -1'])
}

/** The same for many, of which most have no process. */
export async function killAllOfEach(accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return
  const users = await usersOfProcesses()
  for (const account of accounts) if (users.has(account.uid)) await killAllOf(account)
}

/** User ids, real or effective, of all live processes. */
async function usersOfProcesses(): Promise<Set<number>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const statuses = await Promise.all(pids.map((pid) => readProcFile(`/proc/${pid}/status`).catch(() => '')))
  const live = statuses.filter((status) => !/^State:\s[ZX]/m.test(status))
  return new Set(live.flatMap((status) => /^Uid:\s(\d+)\s(\d+)/m.exec(status)?.slice(1).map(Number) ?? []))
}
