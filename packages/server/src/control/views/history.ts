import type { BranchHistory, OpenMoment } from '@lakelet/api'
import type { Storage } from '../../storage/index.ts'

type Past = Awaited<ReturnType<Storage['history']['of']>>

/** More parts than a page has room for tell nobody more. */
const MOST_PARTS = 120

/** What the API shows of the past of a branch. */
export function viewHistory(
  past: Past,
  facts: {
    readonly name: string
    readonly now: string
    readonly endLsn: string
    readonly keptSeconds: number
    readonly openMoments: OpenMoment[]
  },
): BranchHistory {
  const { from, bases, problem } = past
  return {
    name: facts.name,
    ...(from ? { earliest_restore_time: from.time, earliest_restore_lsn: from.lsn } : {}),
    latest_restore_time: facts.now,
    latest_restore_lsn: facts.endLsn,
    history_retention_duration: `${facts.keptSeconds}s`,
    base_count: bases.length,
    base_bytes: past.baseBytes,
    bases: bases.map(({ time, lsn, bytes }) => ({ time, lsn, bytes })),
    log_activity: partsOf(past.files),
    archive_bytes: past.archiveBytes,
    log_since_base_bytes: past.sinceBaseBytes,
    open_moments: facts.openMoments,
    ...(problem ? { archive_problem: { since: problem.since.toISOString(), message: problem.message } } : {}),
  }
}

/** Files of the archive gathered by time into at most MOST_PARTS parts; one that nothing was written in is left out. */
function partsOf(files: Past['files']): BranchHistory['log_activity'] {
  const times = files.map(({ time }) => time.getTime())
  const first = Math.min(...times)
  const width = Math.max(1, (Math.max(...times) - first + 1) / MOST_PARTS)
  const parts = Map.groupBy(files, ({ time }) => Math.floor((time.getTime() - first) / width))
  return [...parts]
    .toSorted(([one], [other]) => one - other)
    .map(([, within]) => {
      const at = within.map(({ time }) => time.getTime())
      return {
        start_time: new Date(Math.min(...at)).toISOString(),
        end_time: new Date(Math.max(...at)).toISOString(),
        bytes: within.reduce((sum, { bytes }) => sum + bytes, 0),
      }
    })
}
