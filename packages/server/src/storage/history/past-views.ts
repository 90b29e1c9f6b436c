// A moment of a branch's past that is only looked at: the files of the branch as they were then, which nothing but a reading server uses and
// which are kept under a temporary name, so that whatever is left of them is swept at the next start.
import { mkdir, rm } from 'node:fs/promises'
import { removeTree } from '../../base/remove-tree.ts'
import { type AdminConnection, writeStandbySignal } from '../../postgres/index.ts'
import { type BranchFiles, type BranchPaths, pathsIn } from '../branch-files.ts'
import {
  type GatheredPast,
  gatherPast,
  type GoBackParts,
  type PastMoment,
  recoverGathered,
} from './go-back.ts'

export interface GatheredView {
  readonly paths: BranchPaths
  readonly moment: PastMoment
  readonly gathered: GatheredPast
}

export class PastViews {
  readonly #parts: GoBackParts
  readonly #files: BranchFiles

  constructor(parts: GoBackParts, files: BranchFiles) {
    this.#parts = parts
    this.#files = files
  }

  /**
   * Gathers what the moment is made of. As long as this takes, the server of the branch must neither start nor stop; pass a way to connect
   * while it runs. Throws `history_not_begun` or `history_not_reached`.
   */
  async gather(
    branchUid: string,
    moment: PastMoment,
    connect?: () => Promise<AdminConnection>,
  ): Promise<GatheredView> {
    const paths = pathsIn(this.#files.temporary(branchUid))
    try {
      await mkdir(paths.directory, { mode: 0o711 })
      const options = { from: this.#files.paths(branchUid), to: paths, moment, connect }
      return { paths, moment, gathered: await gatherPast(this.#parts, options) }
    } catch (error) {
      await this.remove(paths)
      throw error
    }
  }

  /**
   * Replays the log up to the moment and leaves a data directory on which every server is a standby that follows nobody: Postgres itself
   * refuses to write there, whatever a session sets. Nothing is flushed: a machine that goes down leaves nothing that is needed.
   */
  async recover({ paths, moment, gathered }: GatheredView, signal?: AbortSignal): Promise<void> {
    await recoverGathered(this.#parts, { to: paths, moment, signal }, gathered)
    await writeStandbySignal(paths.data, this.#parts.postgres.host)
    // All of it is replayed.
    await rm(paths.archive, { recursive: true, force: true })
  }

  /** Removes a view; its server must not run. What cannot be removed now is swept at the next start. */
  async remove({ directory }: BranchPaths): Promise<void> {
    await removeTree(directory).catch((error: unknown) =>
      this.#parts.log.warn({ err: error, directory }, 'a view of the past cannot be removed'),
    )
  }
}
