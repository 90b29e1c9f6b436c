// What is done with apps: each change is a durable operation, asked for here. One at a time changes what runs of an app; its settings may
// change beside that.
import { appActions, requireAction } from '@lakelet/api'
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'
import type { TreePart, WorkspaceTree } from '../files/workspace-tree.ts'
import { type AppChange, type AppRow, updateApp } from '../metadata/apps.ts'
import type { Metadata, Queries } from '../metadata/database.ts'
import { copyDeploymentFiles } from '../metadata/deployment-files.ts'
import { type DeploymentRow, insertDeployment, nextDeploymentSequence } from '../metadata/deployments.ts'
import type { Operations } from '../operations/operations.ts'
import type { AppOperations } from './app-operations.ts'
import { getApp } from './app-rows.ts'
import { appSubjectOf } from './app-state.ts'
import type { CreateApp } from './create-operation.ts'
import type { DeploymentRuns } from './deployment-runs.ts'
import type { LiveApps } from './live-apps.ts'
import { requestFor, resourceOf } from './operation-request.ts'
import type { WantedApps } from './wanted-apps.ts'

export interface AppLivesParts {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly operations: Operations
  readonly kinds: AppOperations
  readonly tree: WorkspaceTree
  readonly live: LiveApps
  readonly runs: DeploymentRuns
  readonly wanted: WantedApps
}

/** What a deployment is made of: a folder of the workspace, and what of it may be copied. */
export interface DeploymentSource {
  readonly folder: string
  readonly parts: readonly TreePart[]
}

/** How long a caller waits for an operation; binding a database may wake a compute. */
const WAIT_MS = 120_000

export class AppLives {
  readonly #parts: AppLivesParts
  readonly #mutex = new KeyedMutex<string>()

  constructor(parts: AppLivesParts) {
    this.#parts = parts
  }

  /** Makes an app; throws what a step failed with. */
  async create(input: CreateApp): Promise<void> {
    const { operations, kinds } = this.#parts
    const { row, caller } = input
    const request = { ...requestFor(row), callerId: caller.id, input }
    await operations.perform(kinds.create, request, WAIT_MS)
  }

  /** Changes settings; the databases among them are bound before. Throws what a step failed with. */
  async update(caller: Caller, name: string, change: (row: AppRow) => AppChange): Promise<void> {
    await this.#mutex.run(`settings of ${name}`, async () => {
      const { metadata, operations, kinds } = this.#parts
      const row = await getApp(metadata.db, name)
      const changed = { ...change(row), ...this.#stamp(caller) }
      const earlier = Object.fromEntries(
        Object.keys(changed).map((field) => [field, row[field as keyof AppRow]]),
      )
      const before = { name, client_id: row.client_id, resources: row.resources }
      const request = {
        ...requestFor(row, 'settings'),
        callerId: caller.id,
        input: { before, change: changed, earlier },
      }
      await operations.perform(kinds.update, request, WAIT_MS)
    })
  }

  /** Begins a deletion, after ending a deployment that is in progress; one that was begun is no error. */
  async delete(name: string): Promise<void> {
    await this.#mutex.run(name, async () => {
      const { operations, kinds, metadata } = this.#parts
      const row = await getApp(metadata.db, name)
      if (row.wanted === 'DELETED') return
      await this.#cancelDeployment(name, 'deleted')
      await operations.start(kinds.delete, {
        ...requestFor(row),
        input: { name },
        store: (queries) => updateApp(queries, name, { wanted: 'DELETED' }),
      })
    })
  }

  /** Starts a stopped app. LakeletError `app_state`. Where its build is gone it is built again, which nobody waits for. */
  async start(caller: Caller, name: string): Promise<void> {
    await this.allow('start', name)
    await this.#mutex.run(name, async () => {
      const { operations, kinds, wanted } = this.#parts
      const row = await this.allow('start', name)
      const stamp = { wanted: 'RUNNING', ...this.#stamp(caller) } as const
      if (await wanted.rebuild(row, stamp)) return
      const store: Store = (queries) => updateApp(queries, name, stamp)
      await operations.perform(kinds.start, { ...requestFor(row, 'run'), input: { name }, store }, WAIT_MS)
    })
  }

  /** Stops an app, after ending a deployment that is in progress. LakeletError `app_state`. */
  async stop(caller: Caller, name: string): Promise<void> {
    await this.allow('stop', name)
    await this.#mutex.run(name, async () => {
      const { operations, kinds } = this.#parts
      const row = await this.allow('stop', name)
      await this.#cancelDeployment(name, 'stopped')
      const stamp = { wanted: 'STOPPED', ...this.#stamp(caller) } as const
      const store: Store = (queries) => updateApp(queries, name, stamp)
      await operations.perform(kinds.stop, { ...requestFor(row, 'run'), input: { name }, store }, WAIT_MS)
    })
  }

  /**
   * Begins a deployment; its end shows in its row. LakeletErrors: `app_state`, `deployment_in_progress`, and those of
   * `WorkspaceTree.keepSnapshot`.
   */
  async deploy(
    caller: Caller,
    deployment: Omit<DeploymentRow, 'sequence'>,
    source: DeploymentSource,
  ): Promise<DeploymentRow> {
    const { tree } = this.#parts
    return this.#deploy(caller, deployment, (queries) =>
      tree.keepSnapshot(queries, deployment.deployment_id, source.folder, source.parts),
    )
  }

  /** Begins a deployment of what the deployment `from` was made of. LakeletErrors: `app_state`, `deployment_in_progress`. */
  async deployAgain(
    caller: Caller,
    deployment: Omit<DeploymentRow, 'sequence'>,
    from: string,
  ): Promise<DeploymentRow> {
    return this.#deploy(caller, deployment, (queries) =>
      copyDeploymentFiles(queries, from, deployment.deployment_id),
    )
  }

  /** `keepFiles` stores what the deployment is made of, together with it. */
  async #deploy(
    caller: Caller,
    deployment: Omit<DeploymentRow, 'sequence'>,
    keepFiles: (queries: Queries) => Promise<void>,
  ): Promise<DeploymentRow> {
    const { app: name, deployment_id: id } = deployment
    return this.#mutex.run(name, async () => {
      const { operations, kinds } = this.#parts
      const row = await this.allow('deploy', name)
      let stored: DeploymentRow | undefined
      await operations.start(kinds.deploy, {
        ...requestFor(row, 'run'),
        callerId: caller.id,
        input: { name, deployment: id, isRebuild: false },
        async store(queries) {
          stored = { ...deployment, sequence: await nextDeploymentSequence(queries, name) }
          await keepFiles(queries)
          await insertDeployment(queries, stored)
        },
      })
      return stored ?? { ...deployment, sequence: 0 }
    })
  }

  /** The app's row, where the contract allows the action now; else the contract's reason is thrown. */
  async allow(action: keyof typeof appActions, name: string): Promise<AppRow> {
    const { metadata, live } = this.#parts
    const row = await getApp(metadata.db, name)
    const isDeploying = (await this.#deployments(name)).length > 0
    requireAction(appActions, action, appSubjectOf(row, live.statusOf(name).state, isDeploying))
    return row
  }

  /** Ends the deployment in progress, if there is one, and waits until it is undone. */
  async #cancelDeployment(name: string, action: 'stopped' | 'deleted'): Promise<void> {
    for (const { id } of await this.#deployments(name)) {
      this.#parts.runs.cancel(id, name, new LakeletError('deployment_cancelled', { action }))
      await this.#parts.operations.waitFor(id, WAIT_MS)
    }
  }

  async #deployments(name: string) {
    const { operations, kinds } = this.#parts
    const unfinished = await operations.unfinishedOn(resourceOf(name))
    return unfinished.filter(({ kind }) => kind === kinds.deploy.name)
  }

  #stamp(caller: Caller) {
    return { updater: caller.name, update_time: this.#parts.clock.now().toISOString() }
  }
}

type Store = (queries: Queries) => Promise<void>
