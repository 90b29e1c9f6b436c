// The kinds of operation on branches.
import type { Branch } from '@lakelet/api'
import { deleteBranchRow, updateBranch } from '../../metadata/branches.ts'
import { copyCatalogIds } from '../../metadata/catalog-ids.ts'
import { copyCatalog } from '../../metadata/catalogs.ts'
import type { Queries } from '../../metadata/database.ts'
import { listEndpoints } from '../../metadata/endpoints.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import type { ControlParts } from '../context.ts'
import { cloneColumns, cloneMoment, cloneSnapshot, cloneSource } from './clone-branch.ts'
import { type ImportBranch, importBranch } from './import-branch.ts'
import { giveCatalog } from './snapshot-catalog.ts'
import { type RestoreBranch, restoreBranch } from './restore.ts'
import { renewPasswordsStep } from './renew-passwords.ts'
import { EMPTY } from '../views/operation.ts'
import { partsOfBranch, viewBranch } from '../views/branch.ts'
import { type ResetBranch, resetBranch } from './reset-branch.ts'
import type { SourceInput } from '../rules/branch-source.ts'
import { anyBranch } from '../rules/resolve.ts'
import type { OperationKind } from '../../operations/operation-kind.ts'

interface BranchInput {
  readonly projectUid: string
  readonly branchUid: string
}

type CreateBranch = BranchInput &
  SourceInput & { readonly endpointUid: string; readonly renewsPasswords?: boolean }

interface DeleteBranch extends BranchInput {
  readonly purge: boolean
}

export interface BranchOperations {
  readonly create: OperationKind<CreateBranch>
  /** The change itself is stored with the operation. */
  readonly update: OperationKind<BranchInput>
  readonly reset: OperationKind<ResetBranch>
  readonly delete: OperationKind<DeleteBranch>
  readonly restore: OperationKind<RestoreBranch>
  readonly import: OperationKind<ImportBranch>
  /** A delete of what is not there, where that is allowed. */
  readonly deleteMissing: OperationKind<object>
}

export function branchOperations(context: ControlParts): BranchOperations {
  return {
    create: createBranch(context),
    update: {
      name: 'update_branch',
      metadataType: 'Branch',
      steps: [],
      complete: async (queries, { input }) => replyOf(queries, input),
    },
    reset: resetBranch(context),
    delete: deleteBranch(context),
    restore: restoreBranch(context),
    import: importBranch(context),
    deleteMissing: {
      name: 'delete_missing_branch',
      metadataType: 'Branch',
      steps: [],
      complete: async () => EMPTY,
    },
  }
}

async function replyOf(queries: Queries, input: BranchInput): Promise<Branch> {
  const { project, branch } = await anyBranch(queries, { project: input.projectUid, branch: input.branchUid })
  return viewBranch(await partsOfBranch(queries, project, branch))
}

function createBranch(context: ControlParts): OperationKind<CreateBranch> {
  const { computes, storage, clock, workspaceId } = context
  return {
    name: 'create_branch',
    metadataType: 'Branch',
    steps: [
      {
        name: 'clone',
        async run({ input, signal }) {
          if ('snapshotUid' in input) return cloneSnapshot(context, input)
          if (input.moment) return cloneMoment(context, { ...input, moment: input.moment }, signal)
          // What is known of the source is soon what is known of its clone.
          await computes.peek(input.sourceEndpointUid, (admin) =>
            observeCatalog(context, input.sourceUid, admin),
          )
          return cloneSource(context, input)
        },
        async undo({ input }) {
          await computes.remove(input.endpointUid)
          await storage.discard(input.branchUid, { workspaceId, projectUid: input.projectUid })
        },
      },
      renewPasswordsStep(context, async () => undefined),
    ],
    async complete(queries, { input, progress }) {
      if ('snapshotUid' in input) await giveCatalog(queries, input)
      else if (!input.moment) {
        await copyCatalogIds(queries, input.sourceUid, input.branchUid)
        await copyCatalog(queries, input.sourceUid, input.branchUid)
      }
      await updateBranch(queries, input.branchUid, {
        state: 'READY',
        state_change_time: clock.now().toISOString(),
        ...('snapshotUid' in input
          ? {}
          : { source_lsn: String(progress['lsn']), source_time: String(progress['time']) }),
        ...cloneColumns(progress),
      })
      return replyOf(queries, input)
    },
    async abandon(queries, { input }) {
      await deleteBranchRow(queries, input.branchUid)
    },
  }
}

/** Nothing is undone: what is marked as deleted and could not be removed is tried again by the purge. */
function deleteBranch({
  metadata,
  computes,
  storage,
  workspaceId,
}: ControlParts): OperationKind<DeleteBranch> {
  return {
    name: 'delete_branch',
    metadataType: 'Branch',
    steps: [
      {
        name: 'stop_computes',
        async run({ input }) {
          for (const { uid } of await listEndpoints(metadata.db, input.branchUid)) await computes.remove(uid)
        },
      },
      {
        name: 'remove_storage',
        async run({ input }) {
          const owner = { workspaceId, projectUid: input.projectUid }
          if (input.purge) await storage.remove(input.branchUid, owner)
        },
      },
    ],
    async complete(queries, { input }) {
      if (input.purge) await deleteBranchRow(queries, input.branchUid)
      return EMPTY
    },
  }
}
