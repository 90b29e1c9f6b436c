// Making the rows of snapshots again from their manifests, those that were set aside among them.
import { z } from 'zod'
import type { Queries } from '../../metadata/database.ts'
import { findProject } from '../../metadata/projects.ts'
import {
  allSnapshots,
  deleteSnapshotRow,
  insertSnapshot,
  type NewSnapshotRow,
  updateSnapshot,
} from '../../metadata/snapshots.ts'
import { type BranchFiles, type Manifest, pathsIn, readManifest } from '../../storage/index.ts'
import { parseCatalog } from '../operations/snapshot-catalog.ts'
import { freeName } from './adopt.ts'
import { isCluster } from './check-start.ts'
import type { Move, RepairReport } from './repair-types.ts'

/** What `create_snapshot` writes into the manifest: its row before the snapshot was whole, and what is known of its roles and databases. */
const record = z.object({
  snapshot: z.object({
    uid: z.string(),
    snapshot_id: z.string(),
    project_uid: z.string(),
    source_branch_uid: z.string(),
    source_branch_id: z.string(),
    is_scheduled: z.number(),
    expire_time: z.string().nullable(),
    create_time: z.string(),
  }),
  catalog: z.string(),
})

interface FoundSnapshot {
  readonly row: NewSnapshotRow
  /** Where it is in the trash; undefined where it is in its place. */
  readonly trashed: string | undefined
}

export interface SnapshotSurvey {
  /** Whole ones of this workspace without a row. */
  readonly unknown: readonly FoundSnapshot[]
  /** Uids of all that are in their place, or will be. */
  readonly there: ReadonlySet<string>
  readonly moves: readonly Move[]
}

/** Looks at the directories of snapshots and into the trash; what cannot be told is a warning and stays. */
export async function surveySnapshots(
  queries: Queries,
  files: BranchFiles,
  { workspaceId, report }: { readonly workspaceId: string; readonly report: RepairReport },
): Promise<SnapshotSurvey> {
  const rows = new Set((await allSnapshots(queries)).map(({ uid }) => uid))
  const here = await files.list()
  const unknown: FoundSnapshot[] = []
  for (const uid of here.filter((each) => !rows.has(each))) {
    const { directory } = files.paths(uid)
    const row = await readSnapshot(files, directory, { uid, workspaceId })
    if (row) unknown.push({ row, trashed: undefined })
    else
      report.warnings.push(
        `${directory} is no whole snapshot with a manifest of this workspace; it was left as it is.`,
      )
  }
  const there = new Set(here)
  const moves: Move[] = []
  // Of several with one uid the one that was set aside last.
  for (const { path: from, name: uid } of (await files.trash.list()).toReversed()) {
    const row = there.has(uid) ? undefined : await readSnapshot(files, from, { uid, workspaceId })
    if (!row) continue
    there.add(uid)
    moves.push({ from, uid, files })
    if (rows.has(uid)) report.done.push(`brought back the files of snapshot ${row.snapshot_id} (${uid})`)
    else unknown.push({ row, trashed: from })
  }
  return { unknown, there, moves }
}

/** The row of the snapshot in a directory, as if it had just been taken; undefined where there is none that can be believed. */
async function readSnapshot(
  files: BranchFiles,
  directory: string,
  { uid, workspaceId }: { readonly uid: string; readonly workspaceId: string },
): Promise<NewSnapshotRow | undefined> {
  const { manifest: file, data } = pathsIn(directory)
  const known = await readManifest(file)
  if (known.kind !== 'read' || known.manifest.workspaceId !== workspaceId) return undefined
  const row = rowOf(known.manifest)
  if (row?.uid !== uid || !(await isCluster(data))) return undefined
  return { ...row, full_size_bytes: await files.sizeOf(data) }
}

function rowOf({ record: written, clone }: Manifest): NewSnapshotRow | undefined {
  const read = record.safeParse(written).data
  if (!read || !clone) return undefined
  return {
    ...read.snapshot,
    state: 'READY',
    source_lsn: clone.lsn,
    source_time: clone.time,
    clone_method: clone.method,
    diff_size_bytes: null,
    catalog: readableCatalog(read.catalog),
  }
}

/** Without it a branch of the snapshot looks at its roles and databases when it is asked for them. */
function readableCatalog(text: string): string | null {
  try {
    return JSON.stringify(parseCatalog(text))
  } catch {
    return null
  }
}

/** Makes the rows; gives what is to come back from the trash for them. An id that another snapshot of the project has by now gets a number. */
export async function adoptSnapshots(
  queries: Queries,
  { unknown, moves }: SnapshotSurvey,
  report: RepairReport,
): Promise<Move[]> {
  const left = new Set<string>()
  for (const { row, trashed } of unknown) {
    const project = await findProject(queries, row.project_uid)
    if (!project) {
      report.warnings.push(
        `The project of snapshot ${row.snapshot_id} (${row.uid}) is not known; its files were left as they are.`,
      )
      left.add(row.uid)
      continue
    }
    const taken = (await allSnapshots(queries, row.project_uid)).map(({ snapshot_id: id }) => id)
    const id = freeName(row.snapshot_id, taken)
    await insertSnapshot(queries, { ...row, snapshot_id: id })
    const from = trashed === undefined ? 'its manifest' : 'the trash'
    report.done.push(
      `made known again: projects/${project.project_id}/snapshots/${id} (${row.uid}), from ${from}`,
    )
  }
  return moves.filter(({ uid }) => !left.has(uid))
}

/** Rows without files, and rows of metadata from an earlier time (`isStale`): one that was being taken then is ready where it has files. */
export async function endSnapshots(
  queries: Queries,
  { there }: SnapshotSurvey,
  { report, isStale }: { readonly report: RepairReport; readonly isStale: boolean },
): Promise<void> {
  for (const { uid, snapshot_id: id, state } of await allSnapshots(queries)) {
    if (!there.has(uid) && isStale) {
      await deleteSnapshotRow(queries, uid)
      report.done.push(`forgot snapshot ${id} (${uid}), which has no files`)
    } else if (!there.has(uid) && state === 'READY') {
      report.warnings.push(
        `Snapshot ${id} (${uid}) is known but has no files. Put them back, or delete the snapshot.`,
      )
    } else if (state !== 'READY' && isStale) {
      await updateSnapshot(queries, uid, { state: 'READY' })
      report.done.push(`ended the taking of snapshot ${id} (${uid}), which has its files`)
    }
  }
}
