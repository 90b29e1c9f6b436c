// Processes of apps that outlived a workspace which was killed. Each run is recorded in a file with its pid and start time; the next
// workspace ends what is still there, since nobody reads its output any more, and starts the app anew.
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import { sendSignal, terminate, termThenKill } from '../base/terminate.ts'
import type { Account } from './account.ts'
import { killAllOfEach } from './confined-process.ts'
import type { RunMarks } from './run-mark.ts'
import { familyOf, hasProcessTable, processesMarked, startTimeOf } from './process-table.ts'

/** Variable that marks every process of an app with the data directory it belongs to. */
export const APP_MARK = 'LAKELET_APP_RUN'

const runRecord = z.object({ pid: z.int().positive(), startTime: z.string(), app: z.string() })

/** Records a run; the returned function removes the record. */
export async function recordRun(directory: string, app: string, pid: number): Promise<() => Promise<void>> {
  await ensureDirectory(directory)
  const file = path.join(directory, `${app}-${pid}.json`)
  const startTime = (await startTimeOf(pid)) ?? ''
  await writeFileAtomic(file, JSON.stringify({ pid, startTime, app }))
  return () => rm(file, { force: true })
}

/** How leftovers are found, beside the records. */
export interface LeftoverMarks {
  /** The data directory in {@link APP_MARK}. */
  readonly directory: string
  readonly runs: RunMarks | undefined
  /** Accounts of the apps, where they have any. */
  readonly accounts: readonly Account[]
}

/** Ends what recorded and marked runs left behind: SIGTERM, a short while, SIGKILL. */
export async function endLeftovers(directory: string, marks: LeftoverMarks, log: Logger): Promise<void> {
  await ensureDirectory(directory)
  const groups = new Set<number>()
  for (const name of await readdir(directory)) {
    const record = await readRecord(path.join(directory, name))
    if (record && (await isSame(record))) groups.add(record.pid)
  }
  const inEnvironment = (await processesMarked(APP_MARK)).filter((each) => each.value === marks.directory)
  const marked = [...inEnvironment.map((each) => each.pid), ...((await marks.runs?.all()) ?? [])]
  if (groups.size > 0 || marked.length > 0) {
    log.warn(
      { groups: [...groups], processes: marked },
      'ending processes of apps that a killed workspace left',
    )
    await end([...groups], marked)
  }
  await killAllOfEach(marks.accounts)
  for (const name of await readdir(directory)) await rm(path.join(directory, name), { force: true })
}

async function end(groups: readonly number[], pids: readonly number[]): Promise<void> {
  await terminate(
    {
      send(signal) {
        for (const group of groups) sendSignal(-group, signal)
        for (const pid of pids) sendSignal(pid, signal)
      },
      hasEnded: async () => !(await isAnyAlive(groups, pids)),
    },
    { stages: termThenKill(2_000, 1_000) },
  )
}

async function isAnyAlive(groups: readonly number[], pids: readonly number[]): Promise<boolean> {
  if (!hasProcessTable) return groups.length > 0
  for (const group of groups) if ((await familyOf(group)).length > 0) return true
  for (const pid of pids) if ((await startTimeOf(pid)) !== undefined) return true
  return false
}

/** A pid alone may have been given to somebody else since. Where start times are unknown, the record is not trusted. */
async function isSame(record: z.output<typeof runRecord>): Promise<boolean> {
  return record.startTime !== '' && (await startTimeOf(record.pid)) === record.startTime
}

async function readRecord(file: string): Promise<z.output<typeof runRecord> | undefined> {
  try {
    return runRecord.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    // Half-written by a crash: the mark still finds the processes.
    return undefined
  }
}
