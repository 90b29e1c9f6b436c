// Making the files of a branch from those of another one.
import { copyCatalogIds } from '../../metadata/catalog-ids.ts'
import type { AdminConnection } from '../../postgres/index.ts'
import type { BranchClone, PastMoment } from '../../storage/index.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import type { ControlParts } from '../context.ts'
import { newBranchOf } from '../recovery/new-branch.ts'

export interface CloneInput {
  readonly projectUid: string
  readonly branchUid: string
  readonly sourceUid: string
  readonly sourceEndpointUid: string
}

/** What is known of a clone when it is done. */
export type ClonedBranch = Pick<BranchClone, 'lsn' | 'time' | 'method' | 'bytes' | 'durationMs'>

export function factsOf({ lsn, time, method, bytes, durationMs }: BranchClone): ClonedBranch {
  return { lsn, time, method, bytes, durationMs }
}

/** What the row of a branch says of the clone that its files are; `progress` is what a step noted of a {@link ClonedBranch}. */
export function cloneColumns(progress: Readonly<Record<string, unknown>>) {
  return {
    clone_method: progress['method'] === 'reflink' ? 'reflink' : 'copy',
    clone_bytes: Number(progress['bytes']),
    clone_ms: Number(progress['durationMs']),
    logical_size_bytes: Number(progress['bytes']),
  } as const
}

/** Copies the source, asleep or awake. A clone whose end was not stored is found again by its manifest. */
export async function cloneSource(
  context: ControlParts,
  { projectUid, branchUid, sourceUid, sourceEndpointUid }: CloneInput,
): Promise<ClonedBranch> {
  const { computes, storage, workspaceId, metadata } = context
  const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
  return factsOf(
    (await storage.unfinished(branchUid, branch)) ??
      (await computes.withFiles(sourceEndpointUid, (connect) =>
        storage.clone(branchUid, sourceUid, { connect, branch }),
      )),
  )
}

/** The same at a moment of its past. The roles and databases that were there then keep the ids they have in the source. */
export async function cloneMoment(
  context: ControlParts,
  input: CloneInput & {
    readonly moment: PastMoment
    /** The new branch may go back as far as its source could. */
    readonly keepsPast?: boolean
  },
  signal: AbortSignal,
): Promise<ClonedBranch> {
  const { computes, storage, workspaceId, metadata } = context
  const { projectUid, branchUid, sourceUid, moment, keepsPast } = input
  const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
  const observe = async (admin: AdminConnection) => {
    await metadata.transaction((queries) => copyCatalogIds(queries, sourceUid, branchUid))
    await observeCatalog(context, branchUid, admin, true)
  }
  return factsOf(
    (await storage.unfinished(branchUid, branch)) ??
      (await computes.withFiles(input.sourceEndpointUid, (connect) =>
        storage.cloneAt(branchUid, sourceUid, { moment, connect, branch, observe, keepsPast, signal }),
      )),
  )
}

/** What a snapshot holds. */
export async function cloneSnapshot(
  { storage, workspaceId, metadata }: ControlParts,
  {
    projectUid,
    branchUid,
    snapshotUid,
  }: Pick<CloneInput, 'projectUid' | 'branchUid'> & {
    readonly snapshotUid: string
  },
): Promise<ClonedBranch> {
  const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
  return factsOf(
    (await storage.unfinished(branchUid, branch)) ??
      (await storage.cloneSnapshot(branchUid, snapshotUid, branch)),
  )
}
