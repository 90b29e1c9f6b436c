// Starts runs of a build: with the variables that its app has at that time, as its app's user, recorded for the next workspace.
import path from 'node:path'
import type { AppVariable } from '@lakelet/api'
import type { Metadata } from '../metadata/database.ts'
import type { DeploymentRow, FinishedBuild } from '../metadata/deployments.ts'
import type { AppDirectories } from './app-directories.ts'
import type { AppDirectory } from './app-directory.ts'
import type { Launch } from './app-instance.ts'
import { type AppProcess, START_MS, startAppProcess, STOP_MS } from './app-process.ts'
import { getApp } from './app-rows.ts'
import type { AppSandboxes } from './app-sandboxes.ts'
import type { AppVariables } from './app-variables.ts'
import { processEnvironment } from './environment.ts'
import { freePort } from './free-port.ts'
import { untilHealthy } from './health-check.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK, recordRun } from './leftovers.ts'
import { AppDisks } from './limits/app-disks.ts'
import type { AppLimits } from './limits/app-limits.ts'
import type { LiveApps } from './live-apps.ts'
import { INNER_PORT } from './sandbox/network.ts'
import { onLoopback, withPort } from './start-command.ts'

export interface AppLauncherParts {
  /** Directory of all apps. */
  readonly directory: string
  readonly host: string
  readonly startMs: number | undefined
  readonly stopMs: number | undefined
  readonly metadata: Metadata
  readonly hosting: Hosting
  readonly directories: AppDirectories
  readonly variables: AppVariables
  readonly live: LiveApps
  readonly sandboxes: AppSandboxes
  readonly limits: AppLimits
}

export class AppLauncher {
  readonly #parts: AppLauncherParts
  readonly #disks: AppDisks

  constructor(parts: AppLauncherParts) {
    this.#parts = parts
    this.#disks = new AppDisks(parts.limits)
  }

  /** How runs of this deployment, which was built so, are started. */
  launchOf(deployment: DeploymentRow, build: FinishedBuild): Launch {
    const { health_check: check } = deployment
    return {
      deployment: deployment.deployment_id,
      start: (signal) => this.#start(deployment, build, signal),
      ...(check ? { check: (started, signal) => untilHealthy(check, started, signal) } : {}),
    }
  }

  async #start(deployment: DeploymentRow, build: FinishedBuild, signal: AbortSignal): Promise<AppProcess> {
    const { metadata, host, directories, variables, live, hosting, sandboxes, startMs, stopMs } = this.#parts
    const row = await getApp(metadata.db, deployment.app)
    const directory = await directories.of(row)
    const places = await sandboxes.ownPlaces(build, directory)
    await this.#disks.makeRoom(row, directory, places)
    const sandbox = await sandboxes.of(row, build, directory)
    const port = sandbox ? INNER_PORT : await freePort(host, 0)
    const own = await variables.of(row, build.env, deployment.env_vars ?? [], port)
    const { log } = live.of(row.name)
    const record = this.#recordOf(row.name)
    const isOwnUser = directory.account !== undefined
    const limits = await this.#parts.limits.of(row, { isOwnUser, isSandboxed: sandbox !== undefined })
    const started = await startAppProcess({
      command: onLoopback(withPort(build.command, port)),
      directory: build.directory,
      environment: await this.#environment(own, build, { directory, isSandboxed: sandbox !== undefined }),
      account: directory.account,
      sandbox,
      mark: hosting.marks?.make(),
      limits,
      ...(limits ? { overuse: (until) => this.#disks.overuseOf(row, places, until) } : {}),
      port,
      log,
      onSpawn: record.write,
      appOf: (pid) => live.appOf(pid),
      startMs: startMs ?? START_MS,
      stopMs: stopMs ?? STOP_MS,
      signal,
    }).catch(async (error: unknown) => {
      await record.remove()
      await limits?.[Symbol.asyncDispose]()
      throw error
    })
    log.add('SYSTEM', `App started successfully, listening on port ${started.listening.port}`)
    const end = async () => {
      await started[Symbol.asyncDispose]()
      await record.remove()
      await limits?.[Symbol.asyncDispose]()
    }
    return { ...started, exited: started.exited, [Symbol.asyncDispose]: end }
  }

  async #environment(
    variables: readonly AppVariable[],
    build: FinishedBuild,
    { directory, isSandboxed }: { readonly directory: AppDirectory; readonly isSandboxed: boolean },
  ): Promise<Record<string, string>> {
    const { hosting } = this.#parts
    const environment = processEnvironment(variables, {
      binDirectories: build.binDirectories,
      nodeDirectory: hosting.nodeDirectory,
      home: await directory.home(),
      isOwnUser: directory.account !== undefined || isSandboxed,
    })
    return { ...environment, [APP_MARK]: hosting.mark }
  }

  /** The record of a run, by which the next workspace finds what is left of it. */
  #recordOf(app: string) {
    let forget: (() => Promise<void>) | undefined
    return {
      write: async (pid: number) => {
        forget = await recordRun(path.join(this.#parts.directory, 'runs'), app, pid)
      },
      remove: async () => forget?.(),
    }
  }
}
