// The databases that an app's resources name: bound when they are attached and once a deployment, resolved whenever the app starts or is
// looked at, released when they are taken away.
import type { AppResource } from '@lakelet/api'
import type { Logger } from '../base/log.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppDatabases, AppRole, DatabaseBinding } from './ports.ts'

/** What of an app's row its databases are about. */
export type AppDatabaseRow = Pick<AppRow, 'name' | 'client_id' | 'resources'>

export class AppResources {
  readonly #databases: AppDatabases
  readonly #log: Logger

  constructor(databases: AppDatabases, log: Logger) {
    this.#databases = databases
    this.#log = log
  }

  /** Makes sure of the app's role on each database; wakes their computes. */
  async bind(row: AppDatabaseRow): Promise<void> {
    for (const { postgres } of resourcesOf(row))
      if (postgres) await this.#databases.bind(roleOf(row), postgres)
  }

  /** Takes the app's role away on branches that `before` had and `now` has not; one that cannot be reached keeps it. */
  async release(before: AppDatabaseRow, now: readonly AppResource[]): Promise<void> {
    const kept = new Set(now.map((each) => each.postgres?.branch))
    for (const { postgres } of resourcesOf(before)) {
      if (!postgres || kept.has(postgres.branch)) continue
      kept.add(postgres.branch)
      await this.#databases.release(roleOf(before), postgres).catch((error: unknown) => {
        const about = { err: error, app: before.name, branch: postgres.branch }
        this.#log.warn(about, "an app's role could not be dropped")
      })
    }
  }

  /** What the resources stand for, by their keys; wakes nothing. */
  async resolve(row: AppDatabaseRow): Promise<Map<string, DatabaseBinding>> {
    const bindings = new Map<string, DatabaseBinding>()
    for (const { name, postgres } of resourcesOf(row))
      if (postgres) bindings.set(name, await this.#databases.resolve(postgres))
    return bindings
  }
}

/** The app as its databases know it. */
export function roleOf(row: Pick<AppRow, 'name' | 'client_id'>): AppRole {
  return { name: row.name, clientId: row.client_id }
}

function resourcesOf(row: AppDatabaseRow): AppResource[] {
  return JSON.parse(row.resources) as AppResource[]
}
