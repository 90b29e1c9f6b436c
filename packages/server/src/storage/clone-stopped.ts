import path from 'node:path'
import { readControlFile, walSegmentName } from '../postgres/index.ts'
import { type CloneResult, type CloneTreeOptions, cloneTree } from './clone-tree.ts'
import { isLeftOut, isWal } from './left-out.ts'

/**
 * Clones the data directory of a cluster that does not run. After a clean shutdown only the WAL segment with the last
 * checkpoint is needed; after a crash all WAL goes along and the clone recovers at its first start.
 */
export async function cloneStopped(options: Omit<CloneTreeOptions, 'leaveOut'>): Promise<CloneResult> {
  const control = await readControlFile(options.from)
  const needed = control.isShutDown ? walSegmentName(control.timeline, control.checkpointLsn) : undefined
  return cloneTree({
    ...options,
    leaveOut: (relative) => {
      if (!isWal(relative)) return isLeftOut(relative)
      const name = path.basename(relative)
      return needed !== undefined && name !== needed && !name.endsWith('.history')
    },
  })
}
