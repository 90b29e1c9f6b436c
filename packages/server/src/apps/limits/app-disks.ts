// What becomes of an app that has filled its disk: its run ends, what it keeps in its home goes, as on the platform with each start, and it starts again
// where there is room now.
import { LakeletError } from '../../base/errors.ts'
import type { AppRow } from '../../metadata/apps.ts'
import type { AppDirectory } from '../app-directory.ts'
import { removeTree } from '../remove-tree.ts'
import type { AppLimits } from './app-limits.ts'
import { bytesIn, untilDiskFull } from './disk-watch.ts'
import { bytesInWords } from './sizes.ts'

export class AppDisks {
  readonly #limits: AppLimits
  /** Names of apps whose last run filled their disk. */
  readonly #full = new Set<string>()

  constructor(limits: AppLimits) {
    this.#limits = limits
  }

  /** Resolves with words for a run that takes more than its size has; undefined when it is aborted first. */
  async overuseOf(row: AppRow, places: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { diskBytes: limitBytes } = this.#limits.sizeOf(row)
    const taken = await untilDiskFull({ places, limitBytes, signal })
    if (taken === undefined) return undefined
    this.#full.add(row.name)
    return `took more disk than its size has (${bytesInWords(taken)} of ${bytesInWords(limitBytes)})`
  }

  /** After a run that filled it: empties the home. LakeletError `app_disk_full` where that is not enough. */
  async makeRoom(row: AppRow, directory: AppDirectory, places: readonly string[]): Promise<void> {
    if (!this.#full.has(row.name)) return
    await removeTree(await directory.home(), directory.account)
    await directory.home()
    const { diskBytes } = this.#limits.sizeOf(row)
    const taken = await bytesIn(places)
    if (taken > diskBytes)
      throw new LakeletError('app_disk_full', {
        name: row.name,
        used: bytesInWords(taken),
        limit: bytesInWords(diskBytes),
      })
    this.#full.delete(row.name)
  }
}
