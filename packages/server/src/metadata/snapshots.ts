// Snapshots and the schedules that take them; see 0015-snapshots.sql.
import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { SnapshotsTables } from './schema.ts'

export type SnapshotRow = Selectable<SnapshotsTables['snapshots']>
export type NewSnapshotRow = Insertable<SnapshotsTables['snapshots']>
export type ScheduleRow = Selectable<SnapshotsTables['snapshot_schedules']>

/** A snapshot of a project by id or uid. */
export async function findSnapshot(
  queries: Queries,
  projectUid: string,
  idOrUid: string,
): Promise<SnapshotRow | undefined> {
  return queries
    .selectFrom('snapshots')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .where((where) => where.or([where('snapshot_id', '=', idOrUid), where('uid', '=', idOrUid)]))
    .executeTakeFirst()
}

export async function findSnapshotByUid(queries: Queries, uid: string): Promise<SnapshotRow | undefined> {
  return queries.selectFrom('snapshots').selectAll().where('uid', '=', uid).executeTakeFirst()
}

/** Snapshots of a project after `afterSeq` in the order they were taken. */
export async function listSnapshots(
  queries: Queries,
  projectUid: string,
  page: { readonly afterSeq: number; readonly limit: number },
): Promise<SnapshotRow[]> {
  return queries
    .selectFrom('snapshots')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .where('seq', '>', page.afterSeq)
    .orderBy('seq')
    .limit(page.limit)
    .execute()
}

/** Snapshots of a project that somebody asked for. */
export async function manualSnapshotsOf(queries: Queries, projectUid: string): Promise<SnapshotRow[]> {
  return queries
    .selectFrom('snapshots')
    .selectAll()
    .where('project_uid', '=', projectUid)
    .where('is_scheduled', '=', 0)
    .execute()
}

/** The last snapshot of a branch before this one that is whole. */
export async function snapshotBefore(
  queries: Queries,
  { seq, source_branch_uid: branchUid }: SnapshotRow,
): Promise<SnapshotRow | undefined> {
  return queries
    .selectFrom('snapshots')
    .selectAll()
    .where('source_branch_uid', '=', branchUid)
    .where('state', '=', 'READY')
    .where('seq', '<', seq)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Snapshots whose time is over. */
export async function listExpiredSnapshots(queries: Queries, now: string): Promise<SnapshotRow[]> {
  return queries
    .selectFrom('snapshots')
    .selectAll()
    .where('state', '=', 'READY')
    .where('expire_time', '<=', now)
    .execute()
}

/** Every snapshot of the workspace, or of a project. */
export async function allSnapshots(queries: Queries, projectUid?: string): Promise<SnapshotRow[]> {
  const all = queries.selectFrom('snapshots').selectAll().orderBy('seq')
  return (projectUid === undefined ? all : all.where('project_uid', '=', projectUid)).execute()
}

export async function insertSnapshot(queries: Queries, row: NewSnapshotRow): Promise<void> {
  await queries.insertInto('snapshots').values(row).execute()
}

export async function updateSnapshot(
  queries: Queries,
  uid: string,
  changes: Partial<NewSnapshotRow>,
): Promise<void> {
  await queries.updateTable('snapshots').set(changes).where('uid', '=', uid).execute()
}

export async function deleteSnapshotRow(queries: Queries, uid: string): Promise<void> {
  await queries.deleteFrom('snapshots').where('uid', '=', uid).execute()
}

export async function findSchedule(queries: Queries, branchUid: string): Promise<ScheduleRow | undefined> {
  return queries
    .selectFrom('snapshot_schedules')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .executeTakeFirst()
}

export async function allSchedules(queries: Queries): Promise<ScheduleRow[]> {
  return queries.selectFrom('snapshot_schedules').selectAll().execute()
}

export async function putSchedule(queries: Queries, row: ScheduleRow): Promise<void> {
  const { schedule, done_until } = row
  await queries
    .insertInto('snapshot_schedules')
    .values(row)
    .onConflict((conflict) => conflict.column('branch_uid').doUpdateSet({ schedule, done_until }))
    .execute()
}

/** All that was due up to `until` has been taken. */
export async function noteTaken(queries: Queries, branchUid: string, until: string): Promise<void> {
  await queries
    .updateTable('snapshot_schedules')
    .set({ done_until: until })
    .where('branch_uid', '=', branchUid)
    .execute()
}
