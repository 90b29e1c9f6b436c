// The processes of a Postgres server, found by what the system says of them. A process belongs to a data directory when it runs
// `postgres` *and* has that directory as its working directory (a postmaster changes into it, src/backend/utils/init/miscinit.c,
// ChangeToDataDir, and its children inherit that): a pid alone may by now be somebody else's.
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** Pids of all Postgres processes on `home`, a path without symbolic links; empty where the system does not tell. */
export async function processesIn(home: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(async (pid) => ({ pid, runs: await runsIn(pid, home) })))
  return found.filter(({ runs }) => runs).map(({ pid }) => pid)
}

/** Whether `pid` is a Postgres process on `home`. */
export async function runsIn(pid: number, home: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const [cwd, executable] = await Promise.all([
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readlink(`/proc/${pid}/exe`).catch(() => ''),
    ])
    return cwd === home && path.basename(executable).startsWith('postgres')
  }
  const listed = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return listed.stdout.includes('postgres') && listed.stdout.includes(home)
}

/** Whether `pid` is stopped (SIGSTOP, a debugger): it obeys nothing but SIGKILL then (signal(7)). False where the system does not tell. */
export async function isFrozen(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const state = stat.charAt(stat.lastIndexOf(')') + 2)
  return state === 'T' || state === 't'
}

/** When a process started, in seconds since 1970, to a hundredth; undefined where the system does not tell. */
export async function startTimeOf(pid: number): Promise<number | undefined> {
  const [stat, machine] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    readFile('/proc/stat', 'latin1').catch(() => ''),
  ])
  // proc_pid_stat(5): starttime is the 22nd field, in hundredths since the boot; the state, after the name, is the third.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const boot = Number(/^btime (\d+)$/m.exec(machine)?.[1])
  const seconds = boot + ticks / 100
  return Number.isFinite(seconds) ? seconds : undefined
}
