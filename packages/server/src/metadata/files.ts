// Rows of the workspace tree: what exists at a path. Contents are not here but in the blob that a row names.
import type { Queries } from './database.ts'
import type { ObjectRow } from './schema.ts'

export type { ObjectRow }

export async function findObject(queries: Queries, path: string): Promise<ObjectRow | undefined> {
  return queries.selectFrom('workspace_objects').selectAll().where('path', '=', path).executeTakeFirst()
}

export async function findObjectById(queries: Queries, id: number): Promise<ObjectRow | undefined> {
  return queries.selectFrom('workspace_objects').selectAll().where('object_id', '=', id).executeTakeFirst()
}

export async function findObjects(queries: Queries, paths: readonly string[]): Promise<ObjectRow[]> {
  return queries.selectFrom('workspace_objects').selectAll().where('path', 'in', paths).execute()
}

export async function listChildren(queries: Queries, parent: string): Promise<ObjectRow[]> {
  return queries
    .selectFrom('workspace_objects')
    .selectAll()
    .where('parent', '=', parent)
    .orderBy('path')
    .execute()
}

/** Everything below `path`, parents before their children. */
export async function listBelow(queries: Queries, path: string): Promise<ObjectRow[]> {
  // '0' follows '/' in SQLite's byte order, so the range holds exactly the paths that start with `path/`.
  return queries
    .selectFrom('workspace_objects')
    .selectAll()
    .where('path', '>', `${path}/`)
    .where('path', '<', `${path}0`)
    .orderBy('path')
    .execute()
}

export async function insertObject(queries: Queries, row: ObjectRow): Promise<void> {
  await queries.insertInto('workspace_objects').values(row).execute()
}

export async function updateObject(
  queries: Queries,
  id: number,
  change: Pick<ObjectRow, 'language' | 'format' | 'blob' | 'size' | 'modified_at'>,
): Promise<void> {
  await queries.updateTable('workspace_objects').set(change).where('object_id', '=', id).execute()
}

export async function deleteObject(queries: Queries, id: number): Promise<void> {
  await queries.deleteFrom('workspace_objects').where('object_id', '=', id).execute()
}

/** Whether an object of the tree or a deployment's snapshot has this content. */
export async function isBlobUsed(queries: Queries, blob: string): Promise<boolean> {
  const object = await queries
    .selectFrom('workspace_objects')
    .select('blob')
    .where('blob', '=', blob)
    .limit(1)
    .executeTakeFirst()
  if (object) return true
  const file = await queries
    .selectFrom('deployment_files')
    .select('blob')
    .where('blob', '=', blob)
    .limit(1)
    .executeTakeFirst()
  return file !== undefined
}

/** Every content that something has. */
export async function listBlobs(queries: Queries): Promise<Set<string>> {
  const used = new Set<string>()
  for (const table of ['workspace_objects', 'deployment_files'] as const) {
    const rows = await queries
      .selectFrom(table)
      .select('blob')
      .distinct()
      .where('blob', 'is not', null)
      .execute()
    for (const { blob } of rows) if (blob !== null) used.add(blob)
  }
  return used
}
