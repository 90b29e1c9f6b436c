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

/** Copies the source, asleep or awake. A clone whose end was not stored is found again by its manifest. */
export async function cloneSource(
  context: ControlParts,
  { projectUid, branchUid, sourceUid, sourceEndpointUid }: CloneInput,
): Promise<ClonedBranch> {
  const { computes, storage, workspaceId, metadata } = context
  const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
  const { lsn, time, method, bytes, durationMs } =
    (await storage.unfinished(branchUid, branch)) ??
    (await computes.withFiles(sourceEndpointUid, (connect) =>
      storage.clone(branchUid, sourceUid, { connect, branch }),
    ))
  return { lsn, time, method, bytes, durationMs }
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
  const { lsn, time, method, bytes, durationMs } =
    (await storage.unfinished(branchUid, branch)) ??
    (await computes.withFiles(input.sourceEndpointUid, (connect) =>
      storage.cloneAt(branchUid, sourceUid, { moment, connect, branch, observe, keepsPast, signal }),
    ))
  return { lsn, time, method, bytes, durationMs }
}
