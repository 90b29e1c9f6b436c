// All apps of the workspace: what they are made of, put together. Rows say what is wanted; operations make it so, at the call and again at
// the next start.
import path from 'node:path'
import type { AppIsolation, AppVariable } from '@lakelet/api'
import type { Clock } from '../base/clock.ts'
import { ensureDirectory } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import { type AppRow, listApps, updateApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Operations } from '../operations/operations.ts'
import { AppBuilds } from './app-builds.ts'
import { AppClientSecrets } from './app-client-secrets.ts'
import { AppDirectories } from './app-directories.ts'
import { AppLauncher } from './app-launcher.ts'
import { AppLives } from './app-lives.ts'
import { appOperations, type AppOperations } from './app-operations.ts'
import { choosePort } from './app-ports.ts'
import { AppResources } from './app-resources.ts'
import { AppSandboxes } from './app-sandboxes.ts'
import { AppSweeps } from './app-sweeps.ts'
import { AppVariables } from './app-variables.ts'
import { DeploymentRuns } from './deployment-runs.ts'
import { NOT_HELD_TO_LOOPBACK } from './exposure.ts'
import { type Hosting, openHosting } from './hosting.ts'
import { endLeftovers } from './leftovers.ts'
import type { AppLimitsOptions } from './limits/app-limits.ts'
import type { AppSizes } from './limits/sizes.ts'
import { type AppStatus, LiveApps } from './live-apps.ts'
import type {
  AppDatabases,
  AppGrants,
  AppIdentities,
  AppPeers,
  AppSecrets,
  AppVisitors,
  AppWorkspace,
} from './ports.ts'
import type { AppTemplates } from './templates.ts'
import type { SandboxSettings } from './sandbox/sandboxes.ts'
import { WantedApps } from './wanted-apps.ts'

export interface AppsOptions {
  readonly directory: string
  readonly metadata: Metadata
  /** The kinds of operation on apps are made known to it. */
  readonly operations: Operations
  readonly tree: WorkspaceTree
  readonly templates: AppTemplates
  readonly clock: Clock
  readonly log: Logger
  readonly workspace: AppWorkspace
  readonly identities: AppIdentities
  readonly grants: AppGrants
  readonly visitors: AppVisitors
  readonly databases: AppDatabases
  readonly secrets: AppSecrets
  readonly peers: AppPeers
  /** Address that the apps' listeners bind to, and the host name in their URLs. */
  readonly host: string
  /** First port for apps' addresses; 0 takes any free one. */
  readonly firstPort: number
  /** Whether apps get sandboxes where the host lets them have some. */
  readonly isolation: SandboxSettings['isolation']
  readonly localPorts: readonly number[]
  /** Whether apps are held to their size where the host lets us. */
  readonly limits: AppLimitsOptions['limits']
  /** What the sizes are, where they are not the platform's. */
  readonly sizes?: AppSizes
  readonly startMs?: number
  readonly stopMs?: number
}

/** Ends what an earlier process left and opens the address of every app; none runs before `startWanted`. */
export async function startApps(options: AppsOptions): Promise<Apps> {
  await ensureDirectory(options.directory)
  const hosting = await openHosting(options)
  const apps = new Apps(options, hosting)
  try {
    await endLeftovers(
      path.join(options.directory, 'runs'),
      { directory: hosting.mark, runs: hosting.marks, accounts: await hosting.accounts.known() },
      options.log,
    )
    await apps.open()
  } catch (error) {
    await apps[Symbol.asyncDispose]()
    throw error
  }
  return apps
}

export class Apps implements AsyncDisposable {
  readonly #options: AppsOptions
  readonly #hosting: Hosting
  readonly #runs = new DeploymentRuns()
  readonly #live: LiveApps
  readonly #builds: AppBuilds
  readonly #variables: AppVariables
  readonly #sweeps: AppSweeps
  readonly #wanted: WantedApps
  /** What is done with apps. */
  readonly lives: AppLives
  #ended: Promise<void> | undefined

  constructor(options: AppsOptions, hosting: Hosting) {
    this.#options = options
    this.#hosting = hosting
    const { metadata, operations } = options
    const directories = new AppDirectories(options.directory, hosting)
    const resources = new AppResources(options)
    const runs = this.#runs
    const secrets = new AppClientSecrets(directories, options.identities.secrets)
    const variables = new AppVariables({
      metadata,
      workspace: options.workspace,
      resources,
      secrets,
      urlOf: (row) => this.urlOf(row),
    })
    const isDeploying = (name: string) => runs.has(name)
    const movePort = (name: string) => this.#movePort(name)
    const live = new LiveApps({ ...options, directories, movePort, isDeploying, ending: runs.ending })
    const { startMs, stopMs } = options
    const sandboxes = new AppSandboxes({ ...options, hosting })
    const shared = { hosting, directories, variables, live, sandboxes, limits: hosting.limits }
    const launcher = new AppLauncher({ ...options, startMs, stopMs, ...shared })
    const builds = new AppBuilds({ ...options, ...shared })
    const sweeps = new AppSweeps({ ...options, directories })
    const parts = { ...options, directories, resources, runs, live, builds, launcher, sweeps }
    const kinds = appOperations(parts)
    registerAll(operations, kinds)
    this.#live = live
    this.#builds = builds
    this.#variables = variables
    this.#sweeps = sweeps
    this.#wanted = new WantedApps({ ...parts, kinds })
    this.lives = new AppLives({ ...parts, kinds, wanted: this.#wanted })
  }

  urlOf(row: Pick<AppRow, 'port'>): string {
    return `http://${this.#options.host}:${row.port}`
  }

  /** What a person should know of apps on this host, a sentence each. */
  get notices(): readonly string[] {
    const { bindGuard, mayHaveSandboxes } = this.#hosting
    return bindGuard || mayHaveSandboxes ? [] : [NOT_HELD_TO_LOOPBACK]
  }

  /** What keeps the app apart on this host, and what it is held to. */
  async isolation({ compute_size: size }: AppRow): Promise<AppIsolation> {
    const { accounts, sandboxes, limits } = this.#hosting
    const { sandbox, why } = await sandboxes.isolation()
    return {
      sandbox,
      ...(why === undefined ? {} : { why }),
      user: accounts.areSeparate ? 'own' : 'shared',
      limits: limits.view(size, { isOwnUser: accounts.areSeparate, isSandboxed: sandbox === 'own' }),
    }
  }

  /** Whether an app is served at this port. */
  hasPort(port: number): boolean {
    return this.#live.hasPort(port)
  }

  /** How the app does now. */
  statusOf(name: string): AppStatus {
    return this.#live.statusOf(name)
  }

  /** Port for a new app's address, below those that the system gives to outgoing connections. */
  async choosePort(): Promise<number> {
    const { metadata, host, firstPort } = this.#options
    return choosePort(host, firstPort, new Set((await listApps(metadata.db)).map((row) => row.port)))
  }

  async #movePort(name: string): Promise<number> {
    const port = await this.choosePort()
    await updateApp(this.#options.metadata.db, name, { port })
    return port
  }

  tailOf(name: string, lines: number) {
    return this.#live.of(name).log.tail(lines)
  }

  buildLogOf(name: string, deployment: string): Promise<string> {
    return this.#builds.logOf(name, deployment)
  }

  /** What the app runs with, or would run with now; secrets masked. */
  variablesOf(row: AppRow): Promise<AppVariable[]> {
    return this.#variables.shown(row)
  }

  /** Opens the address of every app. */
  async open(): Promise<void> {
    for (const row of await listApps(this.#options.metadata.db)) {
      if (row.wanted === 'DELETED') continue
      await this.#live.open(row)
      this.#sweeps.begin(row.name)
    }
  }

  /** Takes over what no operation of an earlier run has in hand; to be called once those go on. */
  adopt(): Promise<void> {
    return this.#wanted.adopt()
  }

  /** Starts every app that should run. Does not wait until they answer: visitors are held. */
  startWanted(): Promise<void> {
    return this.#wanted.start()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    await this.#runs.stop()
    await this.#live[Symbol.asyncDispose]()
    await this.#sweeps[Symbol.asyncDispose]()
    await this.#hosting.bindGuard?.[Symbol.asyncDispose]()
    await this.#hosting.limits[Symbol.asyncDispose]()
  }
}

function registerAll(operations: Operations, kinds: AppOperations): void {
  operations.register(kinds.create)
  operations.register(kinds.update)
  operations.register(kinds.deploy)
  operations.register(kinds.start)
  operations.register(kinds.stop)
  operations.register(kinds.delete)
}
