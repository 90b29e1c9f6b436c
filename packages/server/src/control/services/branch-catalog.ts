// The way into the Postgres catalogue of a branch: its compute is woken for it.
import { LakeletError } from '../../base/errors.ts'
import type { CatalogIdRow } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import {
  type AdminConnection,
  type Database,
  listDatabases,
  listRoles,
  type Role,
} from '../../postgres/index.ts'
import { readOids, syncCatalogIds } from './catalog.ts'
import type { ControlContext } from './context.ts'
import { type BranchRows, primaryEndpoint } from './resolve.ts'

/** A role or a database with the id it is known by. */
export interface Known<T> {
  readonly object: T
  readonly id: CatalogIdRow
}

/** Uid of the endpoint through which a branch's catalogue is reached. LakeletError `branch_not_ready` or `endpoint_is_disabled`. */
export async function catalogEndpoint(queries: Queries, { branch }: BranchRows): Promise<string> {
  if (branch.state !== 'READY') {
    throw new LakeletError('branch_not_ready', { name: branch.branch_id, state: branch.state })
  }
  const endpoint = await primaryEndpoint(queries, branch.uid)
  if (endpoint.disabled === 1) throw new LakeletError('endpoint_is_disabled', { name: endpoint.endpoint_id })
  return endpoint.uid
}

/** The roles of a branch, by id. */
export async function knownRoles(
  context: Pick<ControlContext, 'metadata' | 'clock'>,
  admin: AdminConnection,
  branchUid: string,
): Promise<Known<Role>[]> {
  const roles = await listRoles(admin)
  return withIds(context, branchUid, 'role', roles, await readOids(admin, 'role'))
}

/** The databases of a branch, by id. */
export async function knownDatabases(
  context: Pick<ControlContext, 'metadata' | 'clock'>,
  admin: AdminConnection,
  branchUid: string,
): Promise<Known<Database>[]> {
  const databases = await listDatabases(admin)
  return withIds(context, branchUid, 'database', databases, await readOids(admin, 'database'))
}

async function withIds<T extends { readonly name: string }>(
  { metadata, clock }: Pick<ControlContext, 'metadata' | 'clock'>,
  branchUid: string,
  kind: 'role' | 'database',
  objects: readonly T[],
  oids: ReadonlyMap<string, number>,
): Promise<Known<T>[]> {
  const present = objects.flatMap((object) => {
    const oid = oids.get(object.name)
    return oid === undefined ? [] : [{ name: object.name, oid }]
  })
  const ids = await metadata.transaction((queries) =>
    syncCatalogIds(queries, branchUid, kind, present, clock.now().toISOString()),
  )
  return objects
    .flatMap((object) => {
      const id = ids.get(object.name)
      return id ? [{ object, id }] : []
    })
    .sort((one, other) => (one.id.id < other.id.id ? -1 : 1))
}
