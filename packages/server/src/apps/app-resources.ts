// What an app's resources name, databases and secrets: bound when they are attached and once a deployment, resolved whenever the app starts
// or is looked at, released when they are taken away.
import type { AppResource } from '@lakelet/api'
import type { Logger } from '../base/log.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppDatabases, AppRole, AppSecrets, DatabaseBinding, SecretResource } from './ports.ts'

/** What of an app's row its resources are about. */
export type AppDatabaseRow = Pick<AppRow, 'name' | 'client_id' | 'resources'>

/** What resources stand for, by their keys. */
export interface ResolvedResources {
  /** In the order of the app's resources. */
  readonly databases: ReadonlyMap<string, DatabaseBinding>
  /** Values in plain text. */
  readonly secrets: ReadonlyMap<string, string>
}

export class AppResources {
  readonly #databases: AppDatabases
  readonly #secrets: AppSecrets
  readonly #log: Logger

  constructor(databases: AppDatabases, secrets: AppSecrets, log: Logger) {
    this.#databases = databases
    this.#secrets = secrets
    this.#log = log
  }

  /** Makes sure of the app's role on each database and its permission on each secret; wakes the databases' computes. */
  async bind(row: AppDatabaseRow): Promise<void> {
    for (const { postgres, secret } of row.resources) {
      if (postgres) await this.#databases.bind(roleOf(row), postgres)
      if (secret) await this.#secrets.bind(roleOf(row), secret)
    }
  }

  /** Takes away what `before` had and `now` has not: roles on branches, permissions on scopes. What cannot be reached stays as it is. */
  async release(before: AppDatabaseRow, now: readonly AppResource[] = []): Promise<void> {
    const kept = new Set(now.flatMap(placesOf))
    for (const resource of before.resources) {
      const [place] = placesOf(resource)
      if (place === undefined || kept.has(place)) continue
      kept.add(place)
      await this.#releaseOne(roleOf(before), resource).catch((error: unknown) => {
        this.#log.warn(
          { err: error, app: before.name, place },
          'a resource of an app could not be taken away',
        )
      })
    }
  }

  /** What the resources stand for; wakes nothing. */
  async resolve(row: AppDatabaseRow): Promise<ResolvedResources> {
    return this.#resolve(row, (secret) => this.#secrets.read(secret))
  }

  /** The same for people to look at: `hidden` in the place of every secret. */
  async describe(row: AppDatabaseRow, hidden: string): Promise<ResolvedResources> {
    return this.#resolve(row, () => Promise.resolve(hidden))
  }

  async #resolve(
    row: AppDatabaseRow,
    valueOf: (secret: SecretResource) => Promise<string>,
  ): Promise<ResolvedResources> {
    const databases = new Map<string, DatabaseBinding>()
    const secrets = new Map<string, string>()
    for (const { name, postgres, secret } of row.resources) {
      if (postgres) databases.set(name, await this.#databases.resolve(postgres))
      if (secret) secrets.set(name, await valueOf(secret))
    }
    return { databases, secrets }
  }

  async #releaseOne(app: AppRole, { postgres, secret }: AppResource): Promise<void> {
    if (postgres) await this.#databases.release(app, postgres)
    if (secret) await this.#secrets.release(app, secret)
  }
}

/** The app as its resources know it. */
export function roleOf(row: Pick<AppRow, 'name' | 'client_id'>): AppRole {
  return { name: row.name, clientId: row.client_id }
}

/** What the app has rights on through a resource: two databases of a branch are one place, and two secrets of a scope. */
function placesOf({ postgres, secret }: AppResource): string[] {
  if (postgres) return [postgres.branch]
  return secret ? [`secrets/${secret.scope}`] : []
}
