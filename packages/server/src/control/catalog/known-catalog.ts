// What the workspace knows of the roles and databases of a branch: what its catalogue said when it was last looked at.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CatalogObserver } from '../../computes/index.ts'
import { type CatalogIdRow, type CatalogKind, listCatalogIds } from '../../metadata/catalog-ids.ts'
import { findCatalog, putCatalog } from '../../metadata/catalogs.ts'
import type { Metadata, Queries } from '../../metadata/database.ts'
import {
  type AdminConnection,
  type Database,
  listDatabases,
  listRoles,
  type Role,
} from '../../postgres/index.ts'
import { syncCatalogIds } from './ids.ts'

/** A role or a database with the id it is known by. */
export interface Known<T> {
  readonly object: T
  readonly id: CatalogIdRow
}

/** The roles and databases of a branch, each sorted by id. */
export interface KnownCatalog {
  readonly roles: readonly Known<Role>[]
  readonly databases: readonly Known<Database>[]
  /** When the catalogue read so. */
  readonly observedTime: string
}

export interface CatalogStore {
  readonly metadata: Metadata
  readonly clock: Clock
}

/** What the workspace knows; undefined for a branch whose catalogue was never looked at. */
export async function findKnownCatalog(
  queries: Queries,
  branchUid: string,
): Promise<KnownCatalog | undefined> {
  const row = await findCatalog(queries, branchUid)
  if (!row) return undefined
  const idsOf = async (kind: CatalogKind) =>
    new Map((await listCatalogIds(queries, branchUid, kind)).map((id) => [id.oid, id]))
  return {
    roles: withIds(JSON.parse(row.roles) as Role[], await idsOf('role')),
    databases: withIds(JSON.parse(row.databases) as Database[], await idsOf('database')),
    observedTime: row.observed_time,
  }
}

/** Reads the catalogue over `admin` and stores what is new of it; what is known already is not stored again unless `always`. */
export async function observeCatalog(
  { metadata, clock }: CatalogStore,
  branchUid: string,
  admin: AdminConnection,
  always: boolean = false,
): Promise<KnownCatalog> {
  // Before the look: what is given an id after it must not be taken for gone.
  const observedTime = clock.now().toISOString()
  const roles = await listRoles(admin)
  const databases = await listDatabases(admin)
  const content = { roles: JSON.stringify(roles), databases: JSON.stringify(databases) }
  const known = await findKnownCatalog(metadata.db, branchUid)
  const stored = await findCatalog(metadata.db, branchUid)
  const isSame = stored?.roles === content.roles && stored.databases === content.databases
  const isComplete = known?.roles.length === roles.length && known.databases.length === databases.length
  if (known && isSame && isComplete && !always) return { ...known, observedTime }
  return metadata.transaction(async (queries) => {
    const roleIds = await syncCatalogIds(queries, branchUid, 'role', roles, observedTime)
    const databaseIds = await syncCatalogIds(queries, branchUid, 'database', databases, observedTime)
    const newer = await findCatalog(queries, branchUid)
    if ((newer?.observed_time ?? '') <= observedTime) {
      await putCatalog(queries, { branch_uid: branchUid, observed_time: observedTime, ...content })
    }
    return { roles: withIds(roles, roleIds), databases: withIds(databases, databaseIds), observedTime }
  })
}

/** Looks at the catalogue of a branch a last time before its compute sleeps, so that its age is that of the sleep. */
export function catalogObserver(store: CatalogStore & { readonly log: Logger }): CatalogObserver {
  return {
    async observe(branchUid, admin) {
      try {
        await observeCatalog(store, branchUid, admin, true)
      } catch (error) {
        store.log.warn(
          { err: error, branch: branchUid },
          'the catalogue could not be kept before the compute stops',
        )
      }
    },
  }
}

function withIds<T extends { readonly oid: number }>(
  objects: readonly T[],
  ids: ReadonlyMap<number, CatalogIdRow>,
): Known<T>[] {
  return objects
    .flatMap((object) => {
      const id = ids.get(object.oid)
      return id ? [{ object, id }] : []
    })
    .sort((one, other) => (one.id.id < other.id.id ? -1 : 1))
}
