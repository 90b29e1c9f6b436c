// Postgres as a child process of this workspace, on a data directory of this machine.
import { rm } from 'node:fs/promises'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import {
  type AdminConnection,
  type AdminOptions,
  type Cluster,
  type ClusterSettings,
  connectAdmin,
  isConnectionLost,
  type PostgresVersions,
  socketDirectoryFor,
  startCluster,
  startProblem,
  stopLeftover,
} from '../../postgres/index.ts'
import { Archives, type Archiver, besideData } from '../../storage/index.ts'
import { reloadSettings } from '../apply-settings.ts'
import { CatalogConnection } from './catalog-connection.ts'
import type {
  RunningServer,
  ServerDriver,
  ServerExit,
  ServerSpec,
  StopOptions,
  UnixAddress,
} from './driver.ts'

/** Longest that a question to the catalogs may take: somebody waits to log in, or the compute to stop. */
const CATALOG_MS = 5_000
/** Between two tries to connect to a server that recovers. */
const RETRY_MS = 10

export interface LocalDriverOptions {
  readonly postgres: PostgresVersions
  /** Who archives what the servers write; archives of its own when absent. */
  readonly archives?: Archives
  readonly log: Logger
  readonly clock?: Clock
}

export function localDriver(options: LocalDriverOptions): ServerDriver {
  const { postgres, log, clock = systemClock } = options
  const archives = options.archives ?? new Archives({ log, clock })
  return {
    async start(spec: ServerSpec, signal: AbortSignal) {
      const { endpointUid, dataDirectory, settings } = spec
      const cluster = await startCluster(
        {
          installation: await postgres.ofDirectory(dataDirectory),
          dataDirectory,
          socketDirectory: socketDirectoryFor(postgres.host, endpointUid),
          settings,
          logFile: besideData(dataDirectory).log,
          log: log.child({ endpoint: endpointUid }),
        },
        signal,
      )
      return new LocalServer(cluster, archives.follow(dataDirectory), clock)
    },
    startProblem: async (major, settings) => startProblem(await postgres.of(major), settings),
    stopLeftover,
    forget: (endpointUid) =>
      rm(socketDirectoryFor(postgres.host, endpointUid), { recursive: true, force: true }),
  }
}

class LocalServer implements RunningServer {
  readonly address: UnixAddress
  readonly exited: Promise<ServerExit>
  readonly catalog: CatalogConnection
  readonly #cluster: Cluster
  readonly #clock: Clock
  #isStopping = false

  constructor(cluster: Cluster, archiver: Archiver, clock: Clock) {
    const { socketPath, password } = cluster.address
    this.address = { unix: socketPath, ...(password === undefined ? {} : { password }) }
    // The end of a server is known when its log is in the archive: who copies its files then has all of it.
    this.exited = cluster.exited.then(async (exit) => {
      await archiver.finish()
      return exit
    })
    this.#cluster = cluster
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
    await this.catalog[Symbol.asyncDispose]()
    await this.#cluster.stop(options)
    return this.exited
  }

  admin(options: AdminOptions = {}): Promise<AdminConnection> {
    return connectAdmin(this.#cluster.address, options)
  }

  async applySettings(settings: ClusterSettings): Promise<readonly string[] | undefined> {
    if (!(await this.#cluster.writeSettings(settings))) return undefined
    return this.catalog.read((admin) => reloadSettings(admin, this.#clock))
  }
}
