// What of each app lives in this process: the instance that runs it, its log, its address.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { AppAddress } from './app-address.ts'
import type { AppDirectories } from './app-directories.ts'
import { AppInstance, type InstanceState } from './app-instance.ts'
import { type AppLog, openAppLog } from './app-logs.ts'
import { getApp } from './app-rows.ts'
import { visitorScopesOf } from './app-scopes.ts'
import { upstreamOf } from './app-upstream.ts'
import type { AppGrants, AppVisitors } from './ports.ts'

export interface AppStatus {
  readonly state: InstanceState
  /** Why it is in that state; empty while all is well. */
  readonly message: string
}

export interface LiveApp {
  readonly instance: AppInstance
  readonly log: AppLog
  readonly address: AppAddress
}

export interface LiveAppsParts {
  readonly metadata: Metadata
  readonly directories: AppDirectories
  readonly clock: Clock
  readonly log: Logger
  /** Address that the apps' listeners bind to. */
  readonly host: string
  readonly visitors: AppVisitors
  readonly grants: AppGrants
  /** Finds the app another port for its address and remembers it. */
  readonly movePort: (name: string) => Promise<number>
  readonly isDeploying: (name: string) => boolean
  /** Aborted when the workspace stops. */
  readonly ending: AbortSignal
}

/** How long a replaced process may finish the requests it has. */
const DRAIN_MS = 5000

export class LiveApps implements AsyncDisposable {
  readonly #parts: LiveAppsParts
  readonly #live = new Map<string, LiveApp>()

  constructor(parts: LiveAppsParts) {
    this.#parts = parts
  }

  find(name: string): LiveApp | undefined {
    return this.#live.get(name)
  }

  /** LakeletError `app_not_found`. */
  of(name: string): LiveApp {
    const live = this.#live.get(name)
    if (!live) throw new LakeletError('app_not_found', { name })
    return live
  }

  /** How the app does now. */
  statusOf(name: string): AppStatus {
    const live = this.#live.get(name)
    return {
      state: live?.instance.state ?? 'idle',
      message: live?.instance.message ?? '',
    }
  }

  /** Whether an app is served at this port. */
  hasPort(port: number): boolean {
    return [...this.#live.values()].some((live) => live.address.port === port)
  }

  /** The app whose process this is. */
  appOf(pid: number): string | undefined {
    return [...this.#live].find(([, live]) => live.instance.pid === pid)?.[0]
  }

  /** Opens the address and the log of an app; one that is open stays so. */
  async open(row: AppRow): Promise<void> {
    if (this.#live.has(row.name)) return
    const { clock, log: logger, directories } = this.#parts
    const directory = await directories.of(row)
    await directory.prepare()
    const log = await openAppLog(directory.logs, clock)
    const instance = new AppInstance({
      name: row.name,
      clock,
      log,
      logger,
      drained: ({ port }) => address.drained(port, DRAIN_MS),
    })
    const address = this.#addressOf(row, instance, log)
    this.#live.set(row.name, { instance, log, address })
    await address.open()
  }

  /** Closes the address and ends the process of an app; one that is not open is no error. */
  async close(name: string): Promise<void> {
    const live = this.#live.get(name)
    await live?.address[Symbol.asyncDispose]()
    await live?.instance[Symbol.asyncDispose]()
    await live?.log[Symbol.asyncDispose]()
  }

  /** Forgets an app that is gone. */
  forget(name: string): void {
    this.#live.delete(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#live.keys()].map((name) => this.close(name)))
    this.#live.clear()
  }

  #addressOf(row: AppRow, instance: AppInstance, log: AppLog): AppAddress {
    const { host, visitors, grants, log: logger, metadata, movePort, isDeploying, ending } = this.#parts
    const { name, port } = row
    const upstream = {
      name,
      instance,
      row: () => getApp(metadata.db, name),
      isDeploying: () => isDeploying(name),
      ending,
    }
    return new AppAddress({
      name,
      host,
      port,
      visitors,
      grants,
      visitorScopes: visitorScopesOf(metadata, name),
      upstream: (wait) => instance.socket ?? upstreamOf(upstream, wait()),
      log,
      logger,
      movePort: () => movePort(name),
    })
  }
}
