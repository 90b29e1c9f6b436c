// A Postgres server that outlived the process that started it (kill -9 of the workspace) and is not gone on with (adopt-cluster.ts): it is
// stopped cleanly.
import { readFile, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LakeletError } from '../base/errors.ts'
import { sendSignal, type Stage, terminate } from '../base/terminate.ts'
import { isFrozen, processesIn, runsIn } from './server-processes.ts'

const STAGES: readonly Stage[] = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 3_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
]
/** A frozen process is given a moment, in case that somebody lets it go on. */
const FROZEN_STAGES: readonly Stage[] = [{ signal: 'SIGKILL', waitMs: 5_000 }]
/** A backend whose postmaster is gone sees that when it next waits; one that computes does not. */
const ORPHAN_STAGES: readonly Stage[] = [
  { signal: 'SIGQUIT', waitMs: 1_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
]
const POLL_MS = 10
const NOTICE_MS = 200

/** Stops a server that still runs on `dataDirectory` and removes a stale postmaster.pid. True if there was a server. */
export async function stopLeftover(dataDirectory: string): Promise<boolean> {
  const pidFile = path.join(dataDirectory, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const pid = Number(text.split('\n')[0])
  const home = await realpath(dataDirectory)
  const alive = Number.isSafeInteger(pid) && pid > 1 && (await runsIn(pid, home))
  if (alive) await end(pid, home, (await isFrozen(pid)) ? FROZEN_STAGES : STAGES)
  await endOrphans(home)
  await rm(pidFile, { force: true })
  return alive
}

/**
 * Ends the processes of a server whose postmaster is gone: they hold its shared memory, and no other server may start on
 * the directory while they do. Throws `postgres_leftover` when one of them cannot be ended.
 */
export async function endOrphans(dataDirectory: string): Promise<void> {
  const home = await realpath(dataDirectory)
  await settle(home)
  for (const pid of await processesIn(home)) {
    await end(pid, home, (await isFrozen(pid)) ? FROZEN_STAGES : ORPHAN_STAGES)
  }
}

/** Most notice by themselves, at once. */
async function settle(home: string): Promise<void> {
  const until = performance.now() + NOTICE_MS
  while (performance.now() < until && (await processesIn(home)).length > 0) await delay(POLL_MS)
}

async function end(pid: number, home: string, stages: readonly Stage[]): Promise<void> {
  const { ended } = await terminate(
    { send: (signal) => void sendSignal(pid, signal), hasEnded: async () => !(await runsIn(pid, home)) },
    { stages },
  )
  if (!ended) throw new LakeletError('postgres_leftover', { pid, directory: home })
}
