// Builds of deployments: made, looked at, removed.
import { existsSync } from 'node:fs'
import { LakeletError } from '../base/errors.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { Metadata } from '../metadata/database.ts'
import type { DeploymentRow, FinishedBuild } from '../metadata/deployments.ts'
import type { AppDirectories } from './app-directories.ts'
import type { AppDirectory } from './app-directory.ts'
import { getApp } from './app-rows.ts'
import type { AppSandboxes } from './app-sandboxes.ts'
import type { AppVariables } from './app-variables.ts'
import { buildDeployment, readBuildLog } from './deployment-run.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK } from './leftovers.ts'
import type { AppLimits } from './limits/app-limits.ts'
import { untilDiskFull } from './limits/disk-watch.ts'
import { bytesInWords } from './limits/sizes.ts'
import type { LiveApps } from './live-apps.ts'

export interface AppBuildsParts {
  readonly metadata: Metadata
  readonly tree: WorkspaceTree
  readonly hosting: Hosting
  readonly directories: AppDirectories
  readonly variables: AppVariables
  readonly live: LiveApps
  readonly sandboxes: AppSandboxes
  readonly limits: AppLimits
}

export class AppBuilds {
  readonly #parts: AppBuildsParts

  constructor(parts: AppBuildsParts) {
    this.#parts = parts
  }

  /** Builds a deployment into a directory of its own; what an earlier try left there goes first. */
  async make(deployment: DeploymentRow, signal: AbortSignal): Promise<FinishedBuild> {
    const { metadata, tree, hosting, directories, variables, live, sandboxes, limits } = this.#parts
    const { app: name, env_vars: own } = deployment
    const { log } = live.of(name)
    const row = await getApp(metadata.db, name)
    const directory = await directories.of(row)
    const id = deployment.deployment_id
    const sandboxFor = await sandboxes.ofBuild(directory, id)
    const isOwnUser = directory.account !== undefined
    await using held = await limits.of(row, { isOwnUser, isSandboxed: sandboxFor !== undefined })
    await using disk = held && watchBuild(row, directory, limits.sizeOf(row).diskBytes)
    return await buildDeployment({
      tree,
      cache: directories.cacheOf(directory),
      directory,
      account: directory.account,
      mark: hosting.marks?.make(),
      variables: { [APP_MARK]: hosting.mark },
      nodeDirectory: hosting.nodeDirectory,
      deployment: id,
      sandboxFor,
      limits: held,
      command: deployment.command ?? undefined,
      checkEnvironment: async (env) => variables.check(await getApp(metadata.db, name), env, own ?? []),
      onLine: (line) => {
        log.add('SYSTEM', line)
      },
      signal: disk ? AbortSignal.any([signal, disk.signal]) : signal,
    })
  }

  /** The build of a deployment where it can still be run: cleaned caches, a moved directory or another user's are not. */
  async whole(deployment: DeploymentRow): Promise<FinishedBuild | undefined> {
    const { build } = deployment
    if (!build?.binDirectories.slice(0, 1).every((each) => existsSync(each))) return undefined
    const { metadata, directories } = this.#parts
    const directory = await directories.of(await getApp(metadata.db, deployment.app))
    return (await directory.owns(build.directory)) ? build : undefined
  }

  /** Removes everything of a deployment but its log. */
  async discard(name: string, id: string): Promise<void> {
    const { metadata, directories } = this.#parts
    await (await directories.of(await getApp(metadata.db, name))).discardBuild(id)
  }

  async logOf(name: string, id: string): Promise<string> {
    const { metadata, directories } = this.#parts
    return readBuildLog((await directories.of(await getApp(metadata.db, name))).deployment(id))
  }
}

/** Its signal is aborted with LakeletError `app_disk_full` when the app's files take more than its size has. */
function watchBuild(
  { name }: AppRow,
  directory: AppDirectory,
  limitBytes: number,
): AsyncDisposable & { readonly signal: AbortSignal } {
  const over = new AbortController()
  const full = new AbortController()
  const watching = untilDiskFull({ places: [directory.path], limitBytes, signal: over.signal }).then(
    (taken) => {
      if (taken === undefined) return
      const words = { used: bytesInWords(taken), limit: bytesInWords(limitBytes) }
      full.abort(new LakeletError('app_disk_full', { name, ...words }))
    },
  )
  return {
    signal: full.signal,
    async [Symbol.asyncDispose]() {
      over.abort()
      await watching
    },
  }
}
