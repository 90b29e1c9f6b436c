import path from 'node:path'
import { formatLsn, readControlFile, type PostgresVersions, walSegmentName } from '../postgres/index.ts'
import { type CloneResult, type CloneTreeOptions, type CopiedTree, cloneTree } from './clone-tree.ts'
import { isExcluded, isWal } from './excluded-files.ts'

const BACKUP_LABEL = 'backup_label'

export interface CloneStoppedOptions extends Omit<CloneTreeOptions, 'exclude'> {
  readonly postgres: PostgresVersions
}

/**
 * Clones the data directory of a cluster that does not run. After a clean shutdown only the WAL segment with the last
 * checkpoint is needed, and the content ends there. After a crash all WAL goes along, and the clone recovers at once: only then
 * it is known where its content ends.
 */
export async function cloneStopped({ postgres, ...options }: CloneStoppedOptions): Promise<CloneResult> {
  const control = await readControlFile(options.from)
  const tree = await cloneAsleep(options)
  const lsn = control.isShutDown
    ? formatLsn(control.checkpointLsn)
    : await (await postgres.ofDirectory(options.to)).recover(options.to)
  return { ...tree, lsn, timeline: control.timeline, time: new Date().toISOString() }
}

/** The files alone: after a crash they recover at their first start. */
export async function cloneAsleep(options: Omit<CloneTreeOptions, 'exclude'>): Promise<CopiedTree> {
  const control = await readControlFile(options.from)
  const needed = control.isShutDown ? walSegmentName(control.timeline, control.checkpointLsn) : undefined
  return cloneTree({
    ...options,
    exclude: (relative) => {
      // What was copied from a running server and has not been started yet recovers from its label.
      if (relative === BACKUP_LABEL && !control.isShutDown) return false
      if (!isWal(relative)) return isExcluded(relative)
      const name = path.basename(relative)
      return needed !== undefined && name !== needed && !name.endsWith('.history')
    },
  })
}
