// Which resource id stands for which role or database of a branch; see 0003-postgres.sql.
import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { CatalogIdsTables, CatalogKind } from './schema.ts'

export type { CatalogKind }

export type CatalogIdRow = Selectable<CatalogIdsTables['catalog_ids']>
export type NewCatalogIdRow = Insertable<CatalogIdsTables['catalog_ids']>

export async function listCatalogIds(
  queries: Queries,
  branchUid: string,
  kind: CatalogKind,
): Promise<CatalogIdRow[]> {
  return queries
    .selectFrom('catalog_ids')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .where('kind', '=', kind)
    .execute()
}

/** Stores a new id, or another id, update time and creator of the object with this oid. */
export async function putCatalogId(queries: Queries, row: NewCatalogIdRow): Promise<void> {
  await queries
    .insertInto('catalog_ids')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['branch_uid', 'kind', 'oid'])
        .doUpdateSet({ id: row.id, update_time: row.update_time, creator_id: row.creator_id }),
    )
    .execute()
}

export async function deleteCatalogIds(
  queries: Queries,
  branchUid: string,
  kind: CatalogKind,
  oids: readonly number[],
): Promise<void> {
  if (oids.length === 0) return
  await queries
    .deleteFrom('catalog_ids')
    .where('branch_uid', '=', branchUid)
    .where('kind', '=', kind)
    .where('oid', 'in', oids)
    .execute()
}

/** A clone has the same objects with the same oids, so it gets the same ids. */
export async function copyCatalogIds(queries: Queries, fromBranch: string, toBranch: string): Promise<void> {
  const rows = await queries
    .selectFrom('catalog_ids')
    .selectAll()
    .where('branch_uid', '=', fromBranch)
    .execute()
  if (rows.length === 0) return
  await queries
    .insertInto('catalog_ids')
    .values(rows.map((row) => ({ ...row, branch_uid: toBranch })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The ids of all roles and databases of the workspace. */
export async function allCatalogIds(queries: Queries): Promise<CatalogIdRow[]> {
  return queries.selectFrom('catalog_ids').selectAll().orderBy('kind').orderBy('oid').execute()
}

/** Forgets the ids of all roles and databases of a branch. */
export async function deleteCatalogIdsOf(queries: Queries, branchUid: string): Promise<void> {
  await queries.deleteFrom('catalog_ids').where('branch_uid', '=', branchUid).execute()
}
