import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { OperationsTables } from './schema.ts'

export type OperationRow = Selectable<OperationsTables['operations']>
export type NewOperationRow = Insertable<OperationsTables['operations']>
export type LockRow = Selectable<OperationsTables['operation_locks']>

export async function findOperation(queries: Queries, id: string): Promise<OperationRow | undefined> {
  return queries.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Place of an operation in the list of all, newest first. */
export interface OperationPlace {
  readonly createTime: string
  readonly id: string
}

/** Operations, newest first, from the one behind `after`. */
export async function listOperations(
  queries: Queries,
  {
    after,
    objectUid,
    limit,
  }: { readonly after?: OperationPlace; readonly objectUid?: string; readonly limit: number },
): Promise<OperationRow[]> {
  let found = queries.selectFrom('operations').selectAll()
  if (objectUid !== undefined) found = found.where('object_uid', '=', objectUid)
  if (after) {
    found = found.where((where) =>
      where.or([
        where('create_time', '<', after.createTime),
        where.and([where('create_time', '=', after.createTime), where('id', '<', after.id)]),
      ]),
    )
  }
  return found.orderBy('create_time', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Operations that have not ended, oldest first. */
export async function listUnfinishedOperations(queries: Queries): Promise<OperationRow[]> {
  return queries
    .selectFrom('operations')
    .selectAll()
    .where('state', 'in', ['running', 'undoing'])
    .orderBy('create_time')
    .execute()
}

export async function insertOperation(queries: Queries, row: NewOperationRow): Promise<void> {
  await queries.insertInto('operations').values(row).execute()
}

export async function updateOperation(
  queries: Queries,
  id: string,
  changes: Partial<NewOperationRow>,
): Promise<void> {
  await queries.updateTable('operations').set(changes).where('id', '=', id).execute()
}

export async function listLocks(queries: Queries): Promise<LockRow[]> {
  return queries.selectFrom('operation_locks').selectAll().execute()
}

/** How many there are of each kind in each state. */
export async function countOperations(
  queries: Queries,
): Promise<{ kind: string; state: OperationRow['state']; count: number }[]> {
  return queries
    .selectFrom('operations')
    .select(['kind', 'state', (expression) => expression.fn.countAll<number>().as('count')])
    .groupBy(['kind', 'state'])
    .execute()
}

export async function insertLocks(queries: Queries, locks: readonly LockRow[]): Promise<void> {
  if (locks.length > 0) await queries.insertInto('operation_locks').values(locks).execute()
}

export async function deleteLocks(queries: Queries, operationId: string): Promise<void> {
  await queries.deleteFrom('operation_locks').where('operation_id', '=', operationId).execute()
}

/** Forgets operations that ended before `time`; returns how many. */
export async function deleteOperationsEndedBefore(queries: Queries, time: string): Promise<number> {
  const [result] = await queries.deleteFrom('operations').where('end_time', '<', time).execute()
  return Number(result?.numDeletedRows ?? 0n)
}
