// A Postgres server that outlived the process that started it (kill -9 of the workspace). Its log pipe is broken and
// nobody watches it, so it is not adopted but stopped cleanly; the next start takes 50 ms.
// A process is taken for the postmaster of a directory only when it is named in postmaster.pid *and* its working
// directory is that directory (a postmaster changes into it, src/backend/utils/init/miscinit.c, ChangeToDataDir).
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { LakeletError } from '../base/errors.ts'

const FAST_MS = 20_000
const IMMEDIATE_MS = 5_000
const KILL_MS = 5_000

/** Stops a server that still runs on `dataDirectory` and removes a stale postmaster.pid. True if there was a server. */
export async function stopLeftover(dataDirectory: string): Promise<boolean> {
  const pidFile = path.join(dataDirectory, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const pid = Number(text.split('\n')[0])
  const home = await realpath(dataDirectory)
  const alive = Number.isSafeInteger(pid) && pid > 1 && (await runsIn(pid, home))
  if (alive) await stopInStages(pid, home)
  await waitForOrphans(home)
  await rm(pidFile, { force: true })
  return alive
}

async function stopInStages(pid: number, home: string): Promise<void> {
  const stages = [
    ['SIGINT', FAST_MS],
    ['SIGQUIT', IMMEDIATE_MS],
    ['SIGKILL', KILL_MS],
  ] as const
  for (const [signal, deadlineMs] of stages) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    const until = performance.now() + deadlineMs
    while (performance.now() < until) {
      if (!(await runsIn(pid, home))) return
      await delay(10)
    }
  }
  throw new LakeletError('postgres_leftover', { pid, directory: home })
}

/** Backends of a killed postmaster end by themselves and hold the shared memory until then. */
async function waitForOrphans(home: string): Promise<void> {
  const until = performance.now() + KILL_MS
  let orphans = await processesIn(home)
  while (orphans.length > 0) {
    if (performance.now() > until)
      throw new LakeletError('postgres_leftover', { pid: orphans[0] ?? 0, directory: home })
    await delay(10)
    orphans = await processesIn(home)
  }
}

async function processesIn(home: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(async (pid) => ({ pid, runs: await runsIn(pid, home) })))
  return found.filter(({ runs }) => runs).map(({ pid }) => pid)
}

async function runsIn(pid: number, home: string): Promise<boolean> {
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
