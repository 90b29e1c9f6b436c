// Which databases have a Data API, and how it is set.
import type { Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { DataApisTables } from './schema.ts'

export type DataApiRow = Selectable<DataApisTables['data_apis']>

export async function findDataApi(
  queries: Queries,
  branchUid: string,
  databaseOid: number,
): Promise<DataApiRow | undefined> {
  return queries
    .selectFrom('data_apis')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .where('database_oid', '=', databaseOid)
    .executeTakeFirst()
}

/** Stores one, or other settings of one that is there. */
export async function putDataApi(queries: Queries, row: DataApiRow): Promise<void> {
  const { spec, available_schemas, update_time } = row
  await queries
    .insertInto('data_apis')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['branch_uid', 'database_oid']).doUpdateSet({ spec, available_schemas, update_time }),
    )
    .execute()
}

export async function deleteDataApi(queries: Queries, branchUid: string, databaseOid: number): Promise<void> {
  await queries
    .deleteFrom('data_apis')
    .where('branch_uid', '=', branchUid)
    .where('database_oid', '=', databaseOid)
    .execute()
}
