// Postgres as a child process of this workspace, on a data directory of this machine.
import { existsSync } from 'node:fs'
import { realpath, rm } from 'node:fs/promises'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import {
  adoptCluster,
  type AdminConnection,
  type AdminOptions,
  type Cluster,
  type ClusterOptions,
  type ClusterSettings,
  connectAdmin,
  isConnectionLost,
  type MemoryReport,
  processesIn,
  type PostgresVersions,
  processCpuSeconds,
  readMemory,
  socketDirectoryFor,
  startCluster,
  startProblem,
  stopLeftover,
} from '../../postgres/index.ts'
import { Archives, type Archiver, besideData } from '../../storage/index.ts'
import { reloadSettings } from '../apply-settings.ts'
import type { Cgroups } from '../../base/cgroups/cgroups.ts'
import { CatalogConnection } from './catalog-connection.ts'
import type {
  RunningServer,
  ServerDriver,
  ServerExit,
  ServerSpec,
  ServerUsage,
  StopOptions,
  UnixAddress,
} from './driver.ts'
import { ServerShare } from './server-share.ts'

/** Longest that a question to the catalogs may take: somebody waits to log in, or the compute to stop. */
const CATALOG_MS = 5_000
/** A backend that is idle says at once what it uses. */
const MEMORY_MS = 2_000
/** Between two tries to connect to a server that recovers. */
const RETRY_MS = 10

export interface LocalDriverOptions {
  readonly postgres: PostgresVersions
  /** Who archives what the servers write; archives of its own when absent. */
  readonly archives?: Archives
  /** What holds computes to their sizes; nothing does when absent. */
  readonly cgroups?: Cgroups
  readonly log: Logger
  readonly clock?: Clock
}

export function localDriver(options: LocalDriverOptions): ServerDriver {
  const { postgres, cgroups, log, clock = systemClock } = options
  const archives = options.archives ?? new Archives({ log, clock })
  // The group of a server that has ended may go after its successor has begun.
  let starts = 0
  const newShare = ({ endpointUid }: ServerSpec) => {
    starts += 1
    return new ServerShare(cgroups, `${endpointUid}.${starts}`)
  }
  const clusterOf = async ({
    endpointUid,
    dataDirectory,
    settings,
  }: ServerSpec): Promise<ClusterOptions> => ({
    installation: await postgres.ofDirectory(dataDirectory),
    dataDirectory,
    socketDirectory: socketDirectoryFor(postgres.host, endpointUid),
    settings,
    logFile: besideData(dataDirectory).log,
    log: log.child({ endpoint: endpointUid }),
  })
  return {
    enforcement: cgroups?.enforcement ?? { cpu: 'advisory', memory: 'advisory', why: 'limits are off' },
    async start(spec: ServerSpec, signal: AbortSignal) {
      const share = newShare(spec)
      const clusterOptions = { ...(await clusterOf(spec)), onSpawned: (pid: number) => share.add(pid) }
      const cluster = await startCluster(clusterOptions, signal).catch(async (error: unknown) => {
        await share[Symbol.asyncDispose]()
        throw error
      })
      // It started with all the CPU there is: somebody waits.
      share.limit(spec.settings)
      // What a standby has of the log is archived already.
      const archiver = spec.follows === undefined ? archives.follow(spec.dataDirectory) : NO_ARCHIVER
      return new LocalServer({ cluster, archiver, share, clock })
    },
    async adopt(spec: ServerSpec) {
      // Files that are made again by what was cut off have no server.
      if (!existsSync(spec.dataDirectory)) return undefined
      const cluster = await adoptCluster(await clusterOf(spec), clock)
      if (!cluster) return undefined
      const share = newShare(spec)
      for (const pid of await processesIn(await realpath(spec.dataDirectory))) share.add(pid)
      share.limit(spec.settings)
      return new LocalServer({ cluster, archiver: archives.follow(spec.dataDirectory), share, clock })
    },
    startProblem: async (major, settings) => startProblem(await postgres.of(major), settings),
    stopLeftover,
    forget: (endpointUid) =>
      rm(socketDirectoryFor(postgres.host, endpointUid), { recursive: true, force: true }),
  }
}

const NO_ARCHIVER: Archiver = { finish: async () => undefined }

interface LocalServerParts {
  readonly cluster: Cluster
  readonly archiver: Archiver
  readonly share: ServerShare
  readonly clock: Clock
}

class LocalServer implements RunningServer {
  readonly address: UnixAddress
  readonly exited: Promise<ServerExit>
  readonly catalog: CatalogConnection
  readonly #cluster: Cluster
  readonly #share: ServerShare
  readonly #clock: Clock
  #isStopping = false

  constructor({ cluster, archiver, share, clock }: LocalServerParts) {
    const { socketPath, password } = cluster.address
    this.address = { unix: socketPath, ...(password === undefined ? {} : { password }) }
    // The end of a server is known when its log is in the archive: who copies its files then has all of it.
    this.exited = cluster.exited.then(async (exit) => {
      await archiver.finish()
      void share[Symbol.asyncDispose]()
      return exit
    })
    this.#cluster = cluster
    this.#share = share
    this.#clock = clock
    this.catalog = new CatalogConnection(
      () => this.admin({ purpose: 'catalog', connectMs: CATALOG_MS, statementMs: CATALOG_MS }),
      clock,
    )
    void cluster.exited.then(() => this.catalog[Symbol.asyncDispose]())
  }

  get isOver(): boolean {
    return this.#isStopping || this.#cluster.isOver
  }

  async ready(signal?: AbortSignal): Promise<boolean> {
    while (!this.isOver) {
      try {
        await using _admitted = await this.admin({ purpose: 'ready' })
        return true
      } catch (error) {
        if (!isConnectionLost(error)) throw error
        await this.#clock.sleep(RETRY_MS, signal)
      }
    }
    return false
  }

  async stop(options: StopOptions = {}): Promise<ServerExit> {
    this.#isStopping = true
    // The checkpoint of a small compute takes no longer than that of a large one.
    this.#share.lift()
    await this.catalog[Symbol.asyncDispose]()
    await this.#cluster.stop(options)
    return this.exited
  }

  admin(options: AdminOptions = {}): Promise<AdminConnection> {
    return connectAdmin(this.#cluster.address, options)
  }

  async applySettings(settings: ClusterSettings): Promise<readonly string[] | undefined> {
    this.#share.limit(settings)
    if (!(await this.#cluster.writeSettings(settings))) return undefined
    return this.catalog.read((admin) => reloadSettings(admin, this.#clock))
  }

  async cpuSeconds(): Promise<number | undefined> {
    const { pid } = this.#cluster
    return pid === undefined || this.isOver ? undefined : processCpuSeconds(pid)
  }

  memory(processIds: readonly number[]): Promise<readonly MemoryReport[]> {
    return this.catalog.read((admin) => readMemory(this.#cluster.memory, admin, processIds, MEMORY_MS))
  }

  async usage(): Promise<ServerUsage | undefined> {
    return this.#cluster.pid === undefined || this.isOver ? undefined : this.#share.usage(this.#cluster.pid)
  }
}
