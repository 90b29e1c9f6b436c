// What is known of two branches that exchange their data.
import { findCatalog, putCatalog } from './catalogs.ts'
import type { Queries } from './database.ts'

/** Each of the two gets what is known of the roles and databases of the other, with their ids. */
export async function exchangeCatalogs(queries: Queries, one: string, other: string): Promise<void> {
  const [first, second] = [await findCatalog(queries, one), await findCatalog(queries, other)]
  const idsOf = (uid: string) =>
    queries.selectFrom('catalog_ids').selectAll().where('branch_uid', '=', uid).execute()
  const [firstIds, secondIds] = [await idsOf(one), await idsOf(other)]
  for (const uid of [one, other]) {
    await queries.deleteFrom('catalogs').where('branch_uid', '=', uid).execute()
    await queries.deleteFrom('catalog_ids').where('branch_uid', '=', uid).execute()
  }
  if (first) await putCatalog(queries, { ...first, branch_uid: other })
  if (second) await putCatalog(queries, { ...second, branch_uid: one })
  const ids = [
    ...firstIds.map((row) => ({ ...row, branch_uid: other })),
    ...secondIds.map((row) => ({ ...row, branch_uid: one })),
  ]
  if (ids.length > 0) await queries.insertInto('catalog_ids').values(ids).execute()
}
