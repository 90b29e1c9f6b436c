// Builds of deployments: made, looked at, removed.
import { existsSync } from 'node:fs'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { Metadata } from '../metadata/database.ts'
import type { DeploymentRow, FinishedBuild } from '../metadata/deployments.ts'
import type { AppDirectories } from './app-directories.ts'
import { getApp } from './app-rows.ts'
import type { AppVariables } from './app-variables.ts'
import { buildDeployment, readBuildLog } from './deployment-run.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK } from './leftovers.ts'
import type { LiveApps } from './live-apps.ts'

export interface AppBuildsParts {
  readonly metadata: Metadata
  readonly tree: WorkspaceTree
  readonly hosting: Hosting
  readonly directories: AppDirectories
  readonly variables: AppVariables
  readonly live: LiveApps
}

export class AppBuilds {
  readonly #parts: AppBuildsParts

  constructor(parts: AppBuildsParts) {
    this.#parts = parts
  }

  /** Builds a deployment into a directory of its own; what an earlier try left there goes first. */
  async make(deployment: DeploymentRow, signal: AbortSignal): Promise<FinishedBuild> {
    const { metadata, tree, hosting, directories, variables, live } = this.#parts
    const { app: name, env_vars: own } = deployment
    const { log } = live.of(name)
    const directory = await directories.of(await getApp(metadata.db, name))
    return buildDeployment({
      tree,
      cache: directories.cacheOf(directory),
      directory,
      account: directory.account,
      mark: hosting.marks?.make(),
      variables: { [APP_MARK]: hosting.mark },
      nodeDirectory: hosting.nodeDirectory,
      deployment: deployment.deployment_id,
      command: deployment.command ?? undefined,
      checkEnvironment: async (env) => variables.check(await getApp(metadata.db, name), env, own ?? []),
      onLine: (line) => {
        log.add('SYSTEM', line)
      },
      signal,
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
