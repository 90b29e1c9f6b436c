// What nobody needs of an app any more: builds that do not serve, snapshots and logs of all but the latest deployments.
import { readdir } from 'node:fs/promises'
import { isLakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import { listApps } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { listSnapshots } from '../metadata/deployment-files.ts'
import { listDeployments } from '../metadata/deployments.ts'
import type { AppDirectories } from './app-directories.ts'
import { activeDeployment, getApp } from './app-rows.ts'

export interface AppSweepsParts {
  readonly metadata: Metadata
  readonly tree: WorkspaceTree
  readonly directories: AppDirectories
  readonly log: Logger
}

/** Deployments kept on disk besides the one that serves: only their logs and snapshots. */
const DEPLOYMENTS_KEPT = 5

/** Sweeps run in the background; disposing waits for those that run. */
export class AppSweeps implements AsyncDisposable {
  readonly #parts: AppSweepsParts
  readonly #running = new Set<Promise<void>>()

  constructor(parts: AppSweepsParts) {
    this.#parts = parts
  }

  /** Begins to sweep an app. */
  begin(name: string): void {
    const running = this.#sweep(name)
      .catch((error: unknown) => {
        // Deleted in the meantime, and what was to be swept with it.
        if (isLakeletError(error, 'app_not_found')) return
        this.#parts.log.error({ err: error, app: name }, 'sweeping an app failed; the next start tries again')
      })
      .finally(() => {
        this.#running.delete(running)
      })
    this.#running.add(running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running)
  }

  async #sweep(name: string): Promise<void> {
    const { metadata, directories } = this.#parts
    const directory = await directories.of(await getApp(metadata.db, name))
    // Directories are listed before rows: one that is there now has its row by then.
    const found = await readdir(directory.deployments).catch(() => [])
    const { kept, inUse } = await this.#needed(name)
    for (const id of found) {
      if (inUse.has(id)) continue
      if (kept.has(id)) await directory.discardBuild(id)
      else await directory.removeDeployment(id)
    }
    await this.#sweepSnapshots(name)
    await directories.cacheOf(directory).prune(await this.#usedDirectories())
  }

  async #sweepSnapshots(name: string): Promise<void> {
    const { metadata, tree } = this.#parts
    // Listed before the rows: one that is there now has its row by then.
    const snapshots = await listSnapshots(metadata.db, name)
    const { kept, inUse } = await this.#needed(name)
    for (const id of snapshots) if (!inUse.has(id) && !kept.has(id)) await tree.removeSnapshot(id)
  }

  async #needed(name: string) {
    const { db } = this.#parts.metadata
    const row = await getApp(db, name)
    const rows = await listDeployments(db, name)
    const kept = new Set(rows.slice(0, DEPLOYMENTS_KEPT).map((each) => each.deployment_id))
    const inProgress = rows.filter((each) => each.state === 'IN_PROGRESS')
    const inUse = new Set(inProgress.map((each) => each.deployment_id))
    if (row.active_deployment !== null) inUse.add(row.active_deployment)
    return { kept, inUse }
  }

  /** Directories that the builds of active deployments run programs from. */
  async #usedDirectories(): Promise<string[]> {
    const { db } = this.#parts.metadata
    const used: string[] = []
    for (const row of await listApps(db))
      used.push(...((await activeDeployment(db, row))?.build?.binDirectories ?? []))
    return used
  }
}
