// Brings apps to what their rows say they should be: at the start of the workspace, and when one is started whose build is gone.
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { type AppChange, type AppRow, listApps, updateApp } from '../metadata/apps.ts'
import type { Queries } from '../metadata/database.ts'
import { listDeploymentsInProgress, updateDeployment } from '../metadata/deployments.ts'
import { listUnfinishedOperations } from '../metadata/operations.ts'
import type { Operations } from '../operations/operations.ts'
import { type LaunchParts, startActive } from './active-deployment.ts'
import type { AppOperations } from './app-operations.ts'
import { activeDeployment } from './app-rows.ts'
import type { DeploymentRuns } from './deployment-runs.ts'
import { requestFor, resourceOf } from './operation-request.ts'

export interface WantedAppsParts extends LaunchParts {
  readonly clock: Clock
  readonly operations: Operations
  readonly kinds: AppOperations
  readonly runs: DeploymentRuns
}

export class WantedApps {
  readonly #parts: WantedAppsParts

  constructor(parts: WantedAppsParts) {
    this.#parts = parts
  }

  /** Starts every app that should run; from now on apps may run. Does not wait until they answer: visitors are held. */
  async start(): Promise<void> {
    const { metadata, runs } = this.#parts
    for (const row of await listApps(metadata.db)) {
      if (row.wanted !== 'RUNNING') continue
      if (!(await unlessOnItsWay(this.rebuild(row)))) await startActive(this.#parts, row.name)
    }
    runs.open()
  }

  /**
   * Where the build of the active deployment is gone (cleaned caches, a moved data directory, another user's), begins to make the same
   * app of its snapshot, with `change` of its row; false where there is nothing to build.
   */
  async rebuild(row: AppRow, change: AppChange = {}): Promise<boolean> {
    const { metadata, builds, operations, kinds } = this.#parts
    const active = await activeDeployment(metadata.db, row)
    if (!active || (await builds.whole(active))) return false
    await operations.start(kinds.deploy, {
      ...requestFor(row, 'run'),
      input: { name: row.name, deployment: active.deployment_id, isRebuild: true },
      store: (queries) => updateApp(queries, row.name, change),
    })
    return true
  }

  /** Takes care of what an earlier version of the workspace, which had no operations for it, left half-done. */
  async adopt(): Promise<void> {
    const { metadata, operations, kinds } = this.#parts
    await metadata.transaction((queries) => this.#failInterrupted(queries))
    for (const row of await listApps(metadata.db)) {
      const { name } = row
      if (row.wanted === 'DELETED')
        await unlessOnItsWay(operations.start(kinds.delete, { ...requestFor(row), input: { name } }))
    }
  }

  /** In one transaction, since an operation may be ending. */
  async #failInterrupted(queries: Queries): Promise<void> {
    const inHand = new Set((await listUnfinishedOperations(queries)).map(({ resource }) => resource))
    for (const { app, deployment_id: id } of await listDeploymentsInProgress(queries)) {
      if (inHand.has(resourceOf(app))) continue
      const { message } = new LakeletError('deployment_interrupted')
      const update_time = this.#parts.clock.now().toISOString()
      await updateDeployment(queries, id, { state: 'FAILED', message, update_time })
    }
  }
}

/** Undefined where an operation of an earlier run has it in hand. */
async function unlessOnItsWay<T>(beginning: Promise<T>): Promise<T | undefined> {
  try {
    return await beginning
  } catch (error) {
    if (!isLakeletError(error, 'conflicting_operations')) throw error
    return undefined
  }
}
