// The ids of the roles and databases of a snapshot, and what was known of them: kept with it, for its branch changes and may go.
import { z } from 'zod'
import { putCatalogId } from '../../metadata/catalog-ids.ts'
import { findCatalog, putCatalog } from '../../metadata/catalogs.ts'
import type { Queries } from '../../metadata/database.ts'
import { findSnapshotByUid } from '../../metadata/snapshots.ts'

const kept = z.object({
  ids: z.array(
    z.object({
      kind: z.enum(['role', 'database']),
      oid: z.number(),
      id: z.string(),
      create_time: z.string(),
      update_time: z.string(),
      creator_id: z.number().nullable(),
    }),
  ),
  /** Absent where it is not what the snapshot holds: of a moment that is past. */
  known: z.object({ observed_time: z.string(), roles: z.string(), databases: z.string() }).optional(),
})

export type KeptCatalog = z.output<typeof kept>

/** What `catalogOf` gave. Throws where it is something else. */
export function parseCatalog(text: string): KeptCatalog {
  return kept.parse(JSON.parse(text))
}

/** What there is of a branch now, as text. */
export async function catalogOf(
  queries: Queries,
  branchUid: string,
  { isPast }: { readonly isPast: boolean },
): Promise<string> {
  const ids = await queries
    .selectFrom('catalog_ids')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .execute()
  const known = isPast ? undefined : await findCatalog(queries, branchUid)
  return JSON.stringify(kept.parse({ ids, ...(known ? { known } : {}) }))
}

/** Gives a branch that is made of a snapshot what was kept with it. What is not known is looked at when it is asked for. */
export async function giveCatalog(
  queries: Queries,
  { snapshotUid, branchUid }: { readonly snapshotUid: string; readonly branchUid: string },
): Promise<void> {
  const snapshot = await findSnapshotByUid(queries, snapshotUid)
  if (!snapshot || snapshot.catalog === null) return
  await putKeptCatalog(queries, branchUid, snapshot.catalog)
}

/** Gives a branch what `catalogOf` gave of another one. */
export async function putKeptCatalog(queries: Queries, branchUid: string, catalog: string): Promise<void> {
  const { ids, known } = parseCatalog(catalog)
  for (const each of ids) await putCatalogId(queries, { ...each, branch_uid: branchUid })
  if (known) await putCatalog(queries, { ...known, branch_uid: branchUid })
}
