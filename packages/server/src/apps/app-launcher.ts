// Starts runs of a build: with the variables that its app has at that time, as its app's user, recorded for the next workspace.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { AppVariable } from '@lakelet/api'
import { type AppRow, findApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { DeploymentRow, FinishedBuild } from '../metadata/deployments.ts'
import { isReachable } from './account.ts'
import type { AppDirectories } from './app-directories.ts'
import type { AppDirectory } from './app-directory.ts'
import type { Launch } from './app-instance.ts'
import { type AppProcess, START_MS, startAppProcess, STOP_MS } from './app-process.ts'
import { getApp } from './app-rows.ts'
import type { AppVariables } from './app-variables.ts'
import { processEnvironment } from './environment.ts'
import { freePort } from './free-port.ts'
import { untilHealthy } from './health-check.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK, recordRun } from './leftovers.ts'
import type { LiveApps } from './live-apps.ts'
import type { AppWorkspace } from './ports.ts'
import { layersDirectory } from './python-layers.ts'
import { INNER_PORT } from './sandbox/network.ts'
import { interpreterPlace, type Places, programPlaces } from './sandbox/places.ts'
import { Sandbox } from './sandbox/sandbox.ts'
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
  readonly workspace: AppWorkspace
  /** Ports of this machine that apps may use beside those of the workspace. */
  readonly localPorts: readonly number[]
}

export class AppLauncher {
  readonly #parts: AppLauncherParts

  constructor(parts: AppLauncherParts) {
    this.#parts = parts
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
    const { metadata, host, directories, variables, live, hosting, startMs, stopMs } = this.#parts
    const row = await getApp(metadata.db, deployment.app)
    const directory = await directories.of(row)
    const sandbox = await this.#sandboxOf(row, build, directory)
    const port = sandbox ? INNER_PORT : await freePort(host, 0)
    const own = await variables.of(row, build.env, deployment.env_vars ?? [], port)
    const { log } = live.of(row.name)
    const record = this.#recordOf(row.name)
    const started = await startAppProcess({
      command: onLoopback(withPort(build.command, port)),
      directory: build.directory,
      environment: await this.#environment(own, build, { directory, isSandboxed: sandbox !== undefined }),
      account: directory.account,
      sandbox,
      mark: hosting.marks?.make(),
      port,
      log,
      onSpawn: record.write,
      appOf: (pid) => live.appOf(pid),
      startMs: startMs ?? START_MS,
      stopMs: stopMs ?? STOP_MS,
      signal,
    }).catch(async (error: unknown) => {
      await record.remove()
      throw error
    })
    log.add('SYSTEM', `App started successfully, listening on port ${started.listening.port}`)
    const end = async () => {
      await started[Symbol.asyncDispose]()
      await record.remove()
    }
    return { ...started, exited: started.exited, [Symbol.asyncDispose]: end }
  }

  /** What a run of the app is kept in; undefined where this host lets us have none. */
  async #sandboxOf(row: AppRow, build: FinishedBuild, directory: AppDirectory): Promise<Sandbox | undefined> {
    const { hosting, workspace, localPorts, metadata } = this.#parts
    if ((await hosting.sandboxes.isolation()).sandbox === 'none') return undefined
    const peers = await Promise.all(
      row.resources.map(({ app }) => (app ? findApp(metadata.db, app.name) : undefined)),
    )
    const ports = [row, ...peers].flatMap((each) => (each ? [each.port] : []))
    return new Sandbox({
      account: directory.account,
      mark: hosting.marks?.make(),
      environment: { [APP_MARK]: hosting.mark },
      reachable: [...new Set([...workspace.ports(), ...ports, ...localPorts])],
      isWorkspaceAway: !['127.0.0.1', 'localhost'].includes(new URL(workspace.host).hostname),
      places: await this.#placesOf(build, directory),
    })
  }

  async #placesOf(build: FinishedBuild, directory: AppDirectory): Promise<Places> {
    const { hosting, workspace } = this.#parts
    const home = await directory.home()
    const hidden = path.dirname(path.resolve(this.#parts.directory))
    const search = [hosting.nodeDirectory, process.env['PATH'] ?? ''].join(path.delimiter)
    const programs = await reachable(programPlaces(search, hidden), directory)
    const packages = build.binDirectories.map((each) => path.dirname(each))
    const interpreters = build.binDirectories.flatMap((each) => interpreterPlace(each, hidden) ?? [])
    // Packages of a cache that apps share are nobody's to change.
    const shared = directory.account ? [] : packages.filter((each) => isIn(each, directory.cache))
    const layers = layersDirectory()
    return {
      own: [home, build.directory, ...packages.filter((each) => !shared.includes(each))],
      readable: [
        ...programs,
        ...interpreters,
        ...shared,
        ...(existsSync(layers) ? [layers] : []),
        workspace.caFile,
      ],
      temporary: path.join(home, 'tmp'),
      hidden,
    }
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

function isIn(place: string, directory: string): boolean {
  return place.startsWith(`${directory}${path.sep}`)
}

/** An app that is a user of its own has no use for what is closed to others. */
async function reachable(places: readonly string[], { account }: AppDirectory): Promise<string[]> {
  const may = await Promise.all(places.map((each) => !account || isReachable(each)))
  return places.filter((_, index) => may[index])
}
