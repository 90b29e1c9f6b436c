// Taking over a server that outlived the workspace that started it (kill -9, or an update that did not stop it): only one that is healthy, is the
// very server that its pid file speaks of, runs the programs that a start would run now, and takes the settings that a start would give it.
import { readFile, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { sendSignal } from '../base/terminate.ts'
import { type AdminConnection, connectAdmin } from './admin.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import { writeClusterFiles } from './cluster-files.ts'
import { adoptedProcess } from './cluster-process.ts'
import { reopenLogPipe } from './log-pipe.ts'
import { isAccepting } from './postmaster-status.ts'
import { isFrozen, runsIn, startTimeOf } from './server-processes.ts'
import { startSocketAccess } from './socket-access.ts'

/** How long it may take to let us in and to read its settings again. */
const TAKE_OVER_MS = 3_000
const POLL_MS = 10
/** Between the start of a process and what it writes into its pid file; the clock of the kernel counts in hundredths. Seconds. */
const START_TOLERANCE = 3

/** Undefined where there is none, or it is not to be taken over: then it is a leftover, to be stopped. */
export async function adoptCluster(
  options: ClusterOptions,
  clock: Clock = systemClock,
): Promise<Cluster | undefined> {
  const pid = await healthyServer(options)
  if (pid === undefined) return undefined
  const { installation, dataDirectory, settings } = options
  const access = await startSocketAccess(installation)
  const since = clock.now()
  const isChanged = await writeClusterFiles({ installation, dataDirectory, settings, access })
  if (isChanged) sendSignal(pid, 'SIGHUP')
  const stderr = await reopenLogPipe(options.logFile, pid)
  const cluster = new Cluster(options, adoptedProcess(pid, await realpath(dataDirectory), stderr), access)
  if (await takesSettings(cluster, isChanged ? since : undefined, clock)) return cluster
  cluster.letGo()
  return undefined
}

async function healthyServer({
  dataDirectory,
  socketDirectory,
  installation,
}: ClusterOptions): Promise<number | undefined> {
  const text = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'latin1').catch(() => '')
  // src/include/utils/pidfile.h
  const [pidLine, , startLine, , socketLine] = text.split('\n').map((line) => line.trim())
  const pid = Number(pidLine)
  if (!(pid > 1) || socketLine !== socketDirectory) return undefined
  const home = await realpath(dataDirectory)
  if (!isAccepting(dataDirectory, pid) || !(await runsIn(pid, home)) || (await isFrozen(pid)))
    return undefined
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '')
  const wanted = await realpath(path.join(installation.prefix, 'bin', 'postgres'))
  const started = await startTimeOf(pid)
  const isIt = started !== undefined && Math.abs(started - Number(startLine)) <= START_TOLERANCE
  return program === wanted && isIt ? pid : undefined
}

/** True when it lets us in, has read what was written at `since`, and nothing of that waits for a restart. */
async function takesSettings(cluster: Cluster, since: Date | undefined, clock: Clock): Promise<boolean> {
  const until = clock.monotonicMs() + TAKE_OVER_MS
  while (clock.monotonicMs() < until && !cluster.isOver) {
    try {
      await using admin = await connectAdmin(cluster.address, { purpose: 'adopt', connectMs: TAKE_OVER_MS })
      const { isRead, pending } = await settingsState(admin, since)
      if (isRead) return !pending
    } catch {
      // Until it has read who may connect, nobody may.
    }
    await clock.sleep(POLL_MS)
  }
  return false
}

async function settingsState(admin: AdminConnection, since: Date | undefined) {
  const [row] = await admin.query<{ at: Date; pending: boolean }>(
    'SELECT pg_conf_load_time() AS at, EXISTS (SELECT FROM pg_settings WHERE pending_restart) AS pending',
  )
  return { isRead: row !== undefined && (!since || row.at >= since), pending: row?.pending ?? true }
}
