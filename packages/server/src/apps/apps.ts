// All apps of the workspace: their rows, their processes, their addresses. Rows say what is wanted; this makes it so, at the call and
// again at the next start.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { AppResource, AppVariable, EnvVar } from '@lakelet/api'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { homeOf } from '../files/paths.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import { type AppRow, findApp, listApps, updateApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { listSnapshots } from '../metadata/deployment-files.ts'
import {
  type DeploymentRow,
  findDeployment,
  listDeployments,
  listDeploymentsInProgress,
  updateDeployment,
} from '../metadata/deployments.ts'
import { AppDirectory } from './app-directory.ts'
import { type AppDatabaseRow, AppResources, roleOf } from './app-resources.ts'
import { freePort } from './free-port.ts'
import { type Hosting, openHosting } from './hosting.ts'
import { AppInstance, type InstanceState, type Launch } from './app-instance.ts'
import { type AppLog, openAppLog } from './app-logs.ts'
import { START_MS, startAppProcess, STOP_MS } from './app-process.ts'
import type { AppYamlVariable } from './app-yaml.ts'
import { killAllOf } from './confined-process.ts'
import { buildDeployment, type FinishedBuild, finishedBuild, readBuildLog } from './deployment-run.ts'
import { appVariables, maskVariables, processEnvironment } from './environment.ts'
import { type FrontProxy, startFrontProxy } from './front-proxy.ts'
import { APP_MARK, endLeftovers, recordRun } from './leftovers.ts'
import type {
  AppDatabases,
  AppGrants,
  AppIdentities,
  AppSecrets,
  AppVisitors,
  AppWorkspace,
} from './ports.ts'
import { PackageCache } from './package-cache.ts'
import type { ListeningSocket } from './process-table.ts'
import { withPort } from './start-command.ts'

export interface AppsOptions {
  readonly directory: string
  readonly metadata: Metadata
  readonly tree: WorkspaceTree
  readonly clock: Clock
  readonly log: Logger
  readonly workspace: AppWorkspace
  readonly identities: AppIdentities
  readonly grants: AppGrants
  readonly visitors: AppVisitors
  readonly databases: AppDatabases
  readonly secrets: AppSecrets
  /** Address that the apps' listeners bind to, and the host name in their URLs. */
  readonly host: string
  /** First port for apps' addresses; 0 takes any free one. */
  readonly firstPort: number
  readonly startMs?: number
  readonly stopMs?: number
}

/** Deployments kept on disk besides the one that serves: only their logs and snapshots. */
const DEPLOYMENTS_KEPT = 5
/** How long a replaced process may finish the requests it has. */
const DRAIN_MS = 5000
/** How long a visitor is held while the app starts. */
const HOLD_MS = 20_000

/** Ends what an earlier process left and opens the address of every app; none runs before `startWanted`. */
export async function startApps(options: AppsOptions): Promise<Apps> {
  await ensureDirectory(options.directory)
  const hosting = await openHosting(options)
  await endLeftovers(
    path.join(options.directory, 'runs'),
    { directory: hosting.mark, runs: hosting.marks, accounts: await hosting.accounts.known() },
    options.log,
  )
  const apps = new Apps(options, hosting)
  try {
    await apps.resume()
  } catch (error) {
    await apps[Symbol.asyncDispose]()
    throw error
  }
  return apps
}

export interface AppStatus {
  readonly state: InstanceState
  /** Why it is in that state; empty while all is well. */
  readonly message: string
  /** Why nobody can reach its address; empty when they can. */
  readonly unreachable: string
  /** The deployment that is on its way. */
  readonly deploying: string | undefined
}

/** What of an app lives in this process. */
interface LiveApp {
  readonly instance: AppInstance
  readonly log: AppLog
  proxy: FrontProxy | undefined
  /** Why it has no address; empty when it has. */
  proxyProblem: string
  deploying:
    | { readonly id: string; readonly abort: AbortController; readonly done: Promise<void> }
    | undefined
}

export class Apps implements AsyncDisposable {
  readonly #options: AppsOptions
  readonly #hosting: Hosting
  readonly #resources: AppResources
  /** Of each directory of packages, of which there is one or one an app. */
  readonly #caches = new Map<string, PackageCache>()
  readonly #live = new Map<string, LiveApp>()
  readonly #mutex = new KeyedMutex<string>()
  /** Work that nobody waits for but the end of the workspace. */
  readonly #chores = new Set<Promise<void>>()
  readonly #ending = new AbortController()
  #ended: Promise<void> | undefined

  constructor(options: AppsOptions, hosting: Hosting) {
    this.#options = options
    this.#resources = new AppResources(options.databases, options.secrets, options.log)
    this.#hosting = hosting
  }

  urlOf(row: Pick<AppRow, 'port'>): string {
    return `http://${this.#options.host}:${row.port}`
  }

  /** Whether an app is served at this port. */
  hasPort(port: number): boolean {
    return [...this.#live.values()].some((live) => live.proxy?.port === port)
  }

  /** How the app does now. */
  statusOf(name: string): AppStatus {
    const live = this.#live.get(name)
    return {
      state: live?.instance.state ?? 'idle',
      message: live?.instance.message ?? '',
      unreachable: live?.proxyProblem ?? '',
      deploying: live?.deploying?.id,
    }
  }

  /** Port for a new app's address, below those that the system gives to outgoing connections. */
  async choosePort(): Promise<number> {
    const taken = new Set((await listApps(this.#options.metadata.db)).map((row) => row.port))
    if (this.#options.firstPort === 0) return freePort(this.#options.host, 0)
    for (let port = this.#options.firstPort; port < this.#options.firstPort + 1000; port += 1) {
      if (taken.has(port)) continue
      const found = await freePort(this.#options.host, port).catch(() => undefined)
      if (found !== undefined) return found
    }
    return freePort(this.#options.host, 0)
  }

  /** Opens the address of an app whose row has just been written. */
  async open(row: AppRow): Promise<void> {
    if (this.#live.has(row.name)) return
    const directory = await this.#directoryOf(row)
    await directory.prepare()
    const log = await openAppLog(directory.logs, this.#options.clock)
    const { clock, log: logger } = this.#options
    const drained = async ({ port }: ListeningSocket) => live.proxy?.drained(port, DRAIN_MS)
    const instance = new AppInstance({ name: row.name, clock, log, logger, drained })
    const live: LiveApp = { instance, log, proxy: undefined, proxyProblem: '', deploying: undefined }
    this.#live.set(row.name, live)
    await this.#openProxy(row, live)
  }

  /** Runs a deployment whose row has just been written; its end shows in the row. */
  deploy(app: AppRow, deployment: DeploymentRow): void {
    const live = this.#liveOf(app.name)
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#ending.signal])
    const { deployment_id: id } = deployment
    const settled = () => {
      if (live.deploying?.id === id) live.deploying = undefined
    }
    const done = this.#deploy(app.name, deployment, signal, settled).finally(settled)
    live.deploying = { id, abort, done }
  }

  /** Starts the active deployment, if there is one. */
  async start(name: string): Promise<void> {
    await this.#mutex.run(name, async () => {
      await this.#startActive(name)
    })
  }

  /** Stops the app: the deployment that is on its way, then the process. */
  async stop(name: string, action: 'stopped' | 'deleted'): Promise<void> {
    // One whose deletion an earlier run of the workspace began is not opened again.
    const live = this.#live.get(name)
    await this.cancelDeployment(name, action)
    await live?.instance.stop()
    // Whatever it did to hide from its own run.
    const { account } = await this.#directoryOf(await this.#row(name))
    if (account) await killAllOf(account)
    if (action === 'stopped') live?.log.add('SYSTEM', 'The app was stopped')
  }

  /** Ends the deployment that is on its way, if there is one. */
  async cancelDeployment(name: string, action: 'stopped' | 'deleted'): Promise<void> {
    const deploying = this.#live.get(name)?.deploying
    deploying?.abort.abort(new LakeletError('deployment_cancelled', { action }))
    await deploying?.done
  }

  /** Closes the address of an app; one that is not open is no error. */
  async close(name: string): Promise<void> {
    const live = this.#live.get(name)
    if (live) await closeLive(live)
  }

  /** Forgets an app that is gone. */
  forget(name: string): void {
    this.#live.delete(name)
  }

  /** Removes what a stopped app has on disk and in the workspace. */
  async removeFiles(row: AppRow): Promise<void> {
    const { metadata, tree } = this.#options
    await this.close(row.name)
    for (const id of await listSnapshots(metadata.db, row.name)) await tree.removeSnapshot(id)
    await tree.remove(homeOf(row.client_id), true)
    await (await this.#directoryOf(row)).remove()
  }

  tailOf(name: string, lines: number) {
    return this.#liveOf(name).log.tail(lines)
  }

  async buildLogOf(name: string, deployment: string): Promise<string> {
    return readBuildLog((await this.#directoryOf(await this.#row(name))).deployment(deployment))
  }

  /** What the app runs with, or would run with now; secrets masked. */
  async variablesOf(row: AppRow): Promise<AppVariable[]> {
    const active =
      row.active_deployment === null
        ? undefined
        : await findDeployment(this.#options.metadata.db, row.name, row.active_deployment)
    const env = active?.build ? finishedBuild.parse(JSON.parse(active.build)).env : []
    const app = { ...roleOf(row), url: this.urlOf(row), clientSecret: HIDDEN }
    const variables = appVariables({
      app,
      workspace: this.#options.workspace,
      ...(await this.#resources.describe(row, HIDDEN)),
      yaml: env,
      deployment: envVarsOf(active),
      port: 8000,
    })
    return maskVariables(variables.filter((each) => each.name !== APP_MARK))
  }

  /** Binds the databases of resources: the app has its role there then. A mistake in them is answered at once. */
  bind(row: AppDatabaseRow): Promise<void> {
    return this.#resources.bind(row)
  }

  /** Takes the app's role away on databases that `before` had and `now` has not. */
  release(before: AppDatabaseRow, now: readonly AppResource[] = []): Promise<void> {
    return this.#resources.release(before, now)
  }

  /** Brings every app to what its row wants: at start. */
  async resume(): Promise<void> {
    const { db } = this.#options.metadata
    for (const row of await listDeploymentsInProgress(db)) await this.#interrupted(row)
    for (const row of await listApps(db)) {
      if (row.wanted === 'DELETED') continue
      await this.open(row)
      this.#inBackground('sweeping an app', row.name, this.#sweep(row.name))
    }
  }

  /** Starts every app that should run. Does not wait until they answer: visitors are held. */
  async startWanted(): Promise<void> {
    for (const row of await listApps(this.#options.metadata.db)) {
      if (row.wanted === 'RUNNING') await this.start(row.name)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    this.#ending.abort(new LakeletError('deployment_interrupted'))
    await Promise.all([...this.#live.values()].flatMap((live) => live.deploying?.done ?? []))
    await Promise.all([...this.#live.values()].map((live) => closeLive(live)))
    await Promise.all(this.#chores)
    this.#live.clear()
  }

  async #deploy(
    name: string,
    deployment: DeploymentRow,
    signal: AbortSignal,
    settled: () => void,
  ): Promise<void> {
    const { log, instance } = this.#liveOf(name)
    const { deployment_id: id } = deployment
    log.add('SYSTEM', `Deploying ${deployment.source_code_path}`)
    try {
      // Once for the whole deployment; whatever starts the app later finds the role there.
      await this.bind(await this.#row(name))
      const build = await this.#build(name, deployment, signal)
      log.add('SYSTEM', `Starting ${build.command.join(' ')}`)
      await instance.replace(this.#launcher(name, build, envVarsOf(deployment)), signal)
      await this.#succeed(name, deployment, build)
      // The next deployment may come now, and need not wait until the traces of the last one are gone.
      settled()
      log.add('SYSTEM', 'Deployment successful')
      this.#inBackground('sweeping an app', name, this.#sweep(name))
    } catch (error) {
      const reason = signal.aborted ? (signal.reason as unknown) : error
      if (!isLakeletError(reason)) this.#options.log.error({ err: reason, app: name }, 'deployment failed')
      const message = isLakeletError(reason)
        ? reason.message
        : 'Lakelet failed to run this deployment; its log says why.'
      log.add('SYSTEM', `Deployment failed: ${message}`)
      await this.#updateDeployment(id, { state: 'FAILED', message })
      settled()
      this.#inBackground('removing a failed build', name, this.#discardBuild(name, id))
    }
  }

  async #discardBuild(name: string, id: string): Promise<void> {
    await (await this.#directoryOf(await this.#row(name))).discardBuild(id)
  }

  async #build(name: string, deployment: DeploymentRow, signal: AbortSignal): Promise<FinishedBuild> {
    const { log } = this.#liveOf(name)
    const checkEnvironment = async (env: readonly AppYamlVariable[]) => {
      const row = await this.#row(name)
      await this.#variables(row, env, envVarsOf(deployment), 8000)
    }
    const directory = await this.#directoryOf(await this.#row(name))
    return buildDeployment({
      tree: this.#options.tree,
      cache: this.#cacheOf(directory),
      directory,
      account: directory.account,
      mark: this.#hosting.marks?.make(),
      variables: { [APP_MARK]: this.#hosting.mark },
      nodeDirectory: this.#hosting.nodeDirectory,
      deployment: deployment.deployment_id,
      command: deployment.command === null ? undefined : (JSON.parse(deployment.command) as string[]),
      checkEnvironment,
      onLine: (line) => {
        log.add('SYSTEM', line)
      },
      signal,
    })
  }

  async #succeed(name: string, deployment: DeploymentRow, build: FinishedBuild): Promise<void> {
    const { metadata, clock } = this.#options
    const now = clock.now().toISOString()
    await metadata.transaction(async (queries) => {
      await updateDeployment(queries, deployment.deployment_id, {
        state: 'SUCCEEDED',
        message: 'Deployment succeeded',
        build: JSON.stringify(build),
        update_time: now,
      })
      await updateApp(queries, name, {
        active_deployment: deployment.deployment_id,
        default_source_code_path: deployment.source_code_path,
        update_time: now,
      })
    })
  }

  async #startActive(name: string): Promise<void> {
    const row = await this.#row(name)
    if (row.active_deployment === null) return
    const deployment = await findDeployment(this.#options.metadata.db, name, row.active_deployment)
    if (!deployment) return
    const build = deployment.build === null ? undefined : finishedBuild.parse(JSON.parse(deployment.build))
    const directory = await this.#directoryOf(row)
    const isWhole =
      build &&
      build.binDirectories.slice(0, 1).every((each) => existsSync(each)) &&
      (await directory.owns(build.directory))
    // Where the build is gone (cleaned caches, a moved data directory) or another user's, the snapshot still makes the same app.
    if (build && isWhole)
      this.#liveOf(name).instance.keepRunning(this.#launcher(name, build, envVarsOf(deployment)))
    else this.deploy(row, deployment)
  }

  /** A function that starts a run of this build with what the app's row says at that time. */
  #launcher(name: string, build: FinishedBuild, envVars: readonly EnvVar[]): Launch {
    return async (signal) => {
      const { startMs, stopMs, host } = this.#options
      const row = await this.#row(name)
      const port = await freePort(host, 0)
      const variables = await this.#variables(row, build.env, envVars, port)
      const appDirectory = await this.#directoryOf(row)
      const { account } = appDirectory
      const environment = processEnvironment(variables, {
        binDirectories: build.binDirectories,
        nodeDirectory: this.#hosting.nodeDirectory,
        home: await appDirectory.home(),
        isOwnUser: account !== undefined,
      })
      let forget: (() => Promise<void>) | undefined
      const started = await startAppProcess({
        command: withPort(build.command, port),
        directory: build.directory,
        environment: { ...environment, [APP_MARK]: this.#hosting.mark },
        account,
        mark: this.#hosting.marks?.make(),
        port,
        log: this.#liveOf(name).log,
        onSpawn: async (pid) => {
          forget = await recordRun(path.join(this.#options.directory, 'runs'), name, pid)
        },
        appOf: (pid) => this.#appOf(pid),
        startMs: startMs ?? START_MS,
        stopMs: stopMs ?? STOP_MS,
        signal,
      }).catch(async (error: unknown) => {
        await forget?.()
        throw error
      })
      this.#liveOf(name).log.add(
        'SYSTEM',
        `App started successfully, listening on port ${started.socket.port}`,
      )
      return {
        ...started,
        exited: started.exited,
        [Symbol.asyncDispose]: async () => {
          await started[Symbol.asyncDispose]()
          await forget?.()
        },
      }
    }
  }

  async #variables(
    row: AppRow,
    yaml: readonly AppYamlVariable[],
    deployment: readonly EnvVar[],
    port: number,
  ): Promise<AppVariable[]> {
    const app = { ...roleOf(row), url: this.urlOf(row), clientSecret: await this.#secretOf(row) }
    const resources = await this.#resources.resolve(row)
    return appVariables({ app, workspace: this.#options.workspace, ...resources, yaml, deployment, port })
  }

  /** The app's OAuth secret: issued once and kept with the app's files, since the workspace itself only stores what verifies it. */
  async #secretOf(row: AppRow): Promise<string> {
    const directory = await this.#directoryOf(row)
    const file = directory.secret
    return this.#mutex.run(file, async () => {
      const known = await readFile(file, 'utf8').catch(() => '')
      if (known !== '') return known
      const secret = await this.#options.identities.issueSecret(row.service_principal_id)
      await directory.prepare()
      await writeFileAtomic(file, secret)
      return secret
    })
  }

  async #openProxy(row: AppRow, live: LiveApp): Promise<void> {
    const { host, visitors, grants, log } = this.#options
    try {
      live.proxy = await startFrontProxy({
        name: row.name,
        host,
        port: row.port,
        visitors,
        grants,
        upstream: (signal) => this.#upstream(row.name, live, signal),
        log: live.log,
        logger: log,
      })
      live.proxyProblem = ''
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      live.proxyProblem = `The app's own port ${row.port} is taken by another process; it is tried again until it is free.`
      log.warn({ app: row.name, port: row.port }, "an app's port is taken")
      void this.#retryProxy(row, live)
    }
  }

  async #retryProxy(row: AppRow, live: LiveApp): Promise<void> {
    try {
      await this.#options.clock.sleep(5000, this.#ending.signal)
    } catch {
      // The workspace is stopping.
      return
    }
    if (this.#live.get(row.name) === live) await this.#openProxy(row, live)
  }

  /** Where the app answers; a visitor who comes while it starts is held. */
  async #upstream(name: string, live: LiveApp, signal: AbortSignal): Promise<ListeningSocket> {
    const { instance } = live
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(HOLD_MS), this.#ending.signal])
    const over = new Promise<void>((resolve) => {
      deadline.addEventListener('abort', () => {
        resolve()
      })
    })
    while (!instance.socket && instance.state === 'starting' && !deadline.aborted)
      await Promise.race([instance.changed(), over])
    signal.throwIfAborted()
    if (instance.socket) return instance.socket
    throw new LakeletError('app_unavailable', { name, ...(await this.#whyUnavailable(name, live)) })
  }

  async #whyUnavailable(name: string, live: LiveApp): Promise<{ reason: string; reloads: string }> {
    const row = await this.#row(name)
    if (live.deploying || live.instance.state === 'starting')
      return { reason: 'it is being deployed. This page looks again by itself.', reloads: 'yes' }
    if (row.wanted === 'STOPPED') return { reason: 'it is stopped. Start it first.', reloads: 'no' }
    if (live.instance.state === 'crashed')
      return { reason: `it crashed and will be started again.\n${live.instance.message}`, reloads: 'yes' }
    const failed =
      live.instance.message === '' ? '' : ` The last deployment failed:\n${live.instance.message}`
    return { reason: `it has not been deployed yet.${failed}`, reloads: 'no' }
  }

  async #interrupted(row: DeploymentRow): Promise<void> {
    const { message } = new LakeletError('deployment_interrupted')
    await this.#updateDeployment(row.deployment_id, { state: 'FAILED', message })
    this.#inBackground(
      'removing an interrupted build',
      row.app,
      this.#discardBuild(row.app, row.deployment_id),
    )
  }

  /** Removes builds that do not serve, and snapshots and logs of all but the latest deployments. */
  async #sweep(name: string): Promise<void> {
    const directory = await this.#directoryOf(await this.#row(name))
    // Directories are listed before rows: one that is there now has its row by then.
    const directories = await readdir(directory.deployments).catch(() => [])
    const { kept, inUse } = await this.#keptDeployments(name)
    for (const id of directories) {
      if (inUse.has(id)) continue
      if (kept.has(id)) await directory.discardBuild(id)
      else await directory.removeDeployment(id)
    }
    await this.#sweepSnapshots(name)
    await this.#cacheOf(directory).prune(await this.#usedDirectories())
  }

  async #sweepSnapshots(name: string): Promise<void> {
    const { metadata, tree } = this.#options
    // Listed before the rows: one that is there now has its row by then.
    const snapshots = await listSnapshots(metadata.db, name)
    const { kept, inUse } = await this.#keptDeployments(name)
    for (const id of snapshots) if (!inUse.has(id) && !kept.has(id)) await tree.removeSnapshot(id)
  }

  async #keptDeployments(name: string) {
    const row = await this.#row(name)
    const rows = await listDeployments(this.#options.metadata.db, name)
    const kept = new Set(rows.slice(0, DEPLOYMENTS_KEPT).map((each) => each.deployment_id))
    const inUse = new Set(
      rows.filter((each) => each.state === 'IN_PROGRESS').map((each) => each.deployment_id),
    )
    if (row.active_deployment !== null) inUse.add(row.active_deployment)
    return { kept, inUse }
  }

  #inBackground(what: string, app: string, work: Promise<void>): void {
    const chore = work
      .catch((error: unknown) => {
        // Deleted in the meantime, and what was to be done with it.
        if (isLakeletError(error, 'app_not_found')) return
        this.#options.log.error({ err: error, app }, `${what} failed; the next start tries again`)
      })
      .finally(() => {
        this.#chores.delete(chore)
      })
    this.#chores.add(chore)
  }

  /** Directories that the builds of active deployments run programs from. */
  async #usedDirectories(): Promise<string[]> {
    const { db } = this.#options.metadata
    const used: string[] = []
    for (const row of await listApps(db)) {
      for (const deployment of await listDeployments(db, row.name)) {
        if (deployment.build === null) continue
        if (deployment.deployment_id === row.active_deployment)
          used.push(...finishedBuild.parse(JSON.parse(deployment.build)).binDirectories)
      }
    }
    return used
  }

  async #updateDeployment(id: string, change: Pick<DeploymentRow, 'state' | 'message'>): Promise<void> {
    const { metadata, clock } = this.#options
    await updateDeployment(metadata.db, id, { ...change, update_time: clock.now().toISOString() })
  }

  #appOf(pid: number): string | undefined {
    return [...this.#live].find(([, live]) => live.instance.pid === pid)?.[0]
  }

  async #row(name: string): Promise<AppRow> {
    const row = await findApp(this.#options.metadata.db, name)
    if (!row) throw new LakeletError('app_not_found', { name })
    return row
  }

  #liveOf(name: string): LiveApp {
    const live = this.#live.get(name)
    if (!live) throw new LakeletError('app_not_found', { name })
    return live
  }

  async #directoryOf(row: AppRow): Promise<AppDirectory> {
    return new AppDirectory(this.#options.directory, row.name, await this.#hosting.accounts.of(row))
  }

  #cacheOf(directory: AppDirectory): PackageCache {
    const known = this.#caches.get(directory.cache) ?? new PackageCache(directory.cache, directory.account)
    this.#caches.set(directory.cache, known)
    return known
  }
}

/** Stands for a secret where it is only shown, and hidden, so that showing makes none. */
const HIDDEN = '********'

async function closeLive(live: LiveApp): Promise<void> {
  await live.proxy?.[Symbol.asyncDispose]()
  await live.instance[Symbol.asyncDispose]()
  await live.log[Symbol.asyncDispose]()
}

function envVarsOf(deployment: DeploymentRow | undefined): EnvVar[] {
  return deployment?.env_vars == null ? [] : (JSON.parse(deployment.env_vars) as EnvVar[])
}
