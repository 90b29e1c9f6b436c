// What is known of the roles and databases of branches while their computes sleep.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { CatalogsTables } from './schema.ts'

export type CatalogRow = Selectable<CatalogsTables['catalogs']>

export async function findCatalog(queries: Queries, branchUid: string): Promise<CatalogRow | undefined> {
  return queries.selectFrom('catalogs').selectAll().where('branch_uid', '=', branchUid).executeTakeFirst()
}

export async function putCatalog(queries: Queries, row: CatalogRow): Promise<void> {
  const { observed_time, roles, databases } = row
  await queries
    .insertInto('catalogs')
    .values(row)
    .onConflict((conflict) => conflict.column('branch_uid').doUpdateSet({ observed_time, roles, databases }))
    .execute()
}

/** A clone has the roles and databases of its source. */
export async function copyCatalog(queries: Queries, fromBranch: string, toBranch: string): Promise<void> {
  const row = await findCatalog(queries, fromBranch)
  if (row) await putCatalog(queries, { ...row, branch_uid: toBranch })
}

/** After its files were replaced, nothing holds any more that was known of a branch's own. */
export async function deleteCatalog(queries: Queries, branchUid: string): Promise<void> {
  await queries.deleteFrom('catalogs').where('branch_uid', '=', branchUid).execute()
}
