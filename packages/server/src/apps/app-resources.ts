// What an app's resources name, databases, secrets and other apps: bound when they are attached and once a deployment, resolved whenever the app starts
// or is looked at, released when they are taken away.
import { ABSENT_APP_RESOURCES, type AppResource } from '@lakelet/api'
import type { Logger } from '../base/log.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppDatabases, AppPeers, AppRole, AppSecrets, DatabaseBinding, SecretResource } from './ports.ts'

/** What of an app's row its resources are about. */
export type AppDatabaseRow = Pick<AppRow, 'name' | 'client_id' | 'resources'>

/** What resources stand for, by their keys. */
export interface ResolvedResources {
  /** In the order of the app's resources. */
  readonly databases: ReadonlyMap<string, DatabaseBinding>
  /** Values in plain text. */
  readonly secrets: ReadonlyMap<string, string>
  /** Names of other apps. */
  readonly apps: ReadonlyMap<string, string>
  /** The kinds of those that no local workspace has. */
  readonly absent: ReadonlyMap<string, string>
}

export interface AppResourcesParts {
  readonly databases: AppDatabases
  readonly secrets: AppSecrets
  readonly peers: AppPeers
  readonly log: Logger
}

export class AppResources {
  readonly #parts: AppResourcesParts

  constructor(parts: AppResourcesParts) {
    this.#parts = parts
  }

  /** Makes sure of the app's role on each database and its permission on each secret; wakes the databases' computes. */
  async bind(row: AppDatabaseRow): Promise<void> {
    const { databases, secrets, peers } = this.#parts
    for (const { postgres, secret, app } of row.resources) {
      if (postgres) await databases.bind(roleOf(row), postgres)
      if (secret) await secrets.bind(roleOf(row), secret)
      if (app) await peers.bind(roleOf(row), app)
    }
  }

  /** Takes away what `before` had and `now` has not: roles on branches, permissions on scopes and apps. What cannot be reached stays as it is. */
  async release(before: AppDatabaseRow, now: readonly AppResource[] = []): Promise<void> {
    const kept = new Set(now.flatMap(placesOf))
    for (const resource of before.resources) {
      const [place] = placesOf(resource)
      if (place === undefined || kept.has(place)) continue
      kept.add(place)
      await this.#releaseOne(roleOf(before), resource).catch((error: unknown) => {
        this.#parts.log.warn(
          { err: error, app: before.name, place },
          'a resource of an app could not be taken away',
        )
      })
    }
  }

  /** What the resources stand for; wakes nothing. */
  async resolve(row: AppDatabaseRow): Promise<ResolvedResources> {
    return this.#resolve(row, (secret) => this.#parts.secrets.read(secret))
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
    const apps = new Map<string, string>()
    const absent = new Map<string, string>()
    for (const resource of row.resources) {
      const { name, postgres, secret, app } = resource
      if (postgres) databases.set(name, await this.#parts.databases.resolve(postgres))
      if (secret) secrets.set(name, await valueOf(secret))
      if (app) apps.set(name, app.name)
      const kind = absentKindOf(resource)
      if (kind !== undefined) absent.set(name, kind)
    }
    return { databases, secrets, apps, absent }
  }

  async #releaseOne(app: AppRole, resource: AppResource): Promise<void> {
    const { databases, secrets, peers } = this.#parts
    if (resource.postgres) await databases.release(app, resource.postgres)
    if (resource.secret) await secrets.release(app, resource.secret)
    if (resource.app) await peers.release(app, resource.app)
  }
}

/** The kind of a resource that no local workspace has; undefined for another one. */
export function absentKindOf(resource: AppResource): string | undefined {
  return ABSENT_APP_RESOURCES.find((kind) => resource[kind] !== undefined)
}

/** The app as its resources know it. */
export function roleOf(row: Pick<AppRow, 'name' | 'client_id'>): AppRole {
  return { name: row.name, clientId: row.client_id }
}

/** What the app has rights on through a resource: two databases of a branch are one place, and two secrets of a scope. */
function placesOf({ postgres, secret, app }: AppResource): string[] {
  if (postgres) return [postgres.branch]
  if (app) return [`apps/${app.name}`]
  return secret ? [`secrets/${secret.scope}`] : []
}
