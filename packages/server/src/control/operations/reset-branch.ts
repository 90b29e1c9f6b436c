// Resetting a branch from its parent: a clone of the parent is made beside the branch's files and then exchanged for them, so that all but
// the data stays: uid, endpoint, host name, who may ask for credentials. The files that it had are kept until the operation has ended.
import { findBranchByUid, updateBranch } from '../../metadata/branches.ts'
import { copyCatalogIds, deleteCatalogIdsOf } from '../../metadata/catalog-ids.ts'
import { copyCatalog, deleteCatalog } from '../../metadata/catalogs.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import { loginNotes } from '../../computes/index.ts'
import type { ControlParts } from '../context.ts'
import { newBranchOf } from '../recovery/new-branch.ts'
import { lifeAnew } from '../rules/branch-expiry.ts'
import { anyBranch } from '../rules/resolve.ts'
import { partsOfBranch, viewBranch } from '../views/branch.ts'
import { cloneColumns, factsOf } from './clone-branch.ts'
import { renewPasswordsStep } from './renew-passwords.ts'

export interface ResetBranch {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  readonly sourceUid: string
  readonly sourceEndpointUid: string
  readonly renewsPasswords?: boolean
}

export function resetBranch(context: ControlParts): OperationKind<ResetBranch> {
  const { computes, storage, clock } = context
  return {
    name: 'reset_branch',
    metadataType: 'Branch',
    steps: [
      {
        name: 'clone',
        run: (run) => cloneParent(context, run),
        undo: ({ input }) => storage.replacementOf(input.branchUid).discardNext(),
      },
      {
        name: 'exchange',
        async run({ input }) {
          const replacement = storage.replacementOf(input.branchUid)
          await computes.replaceFiles(input.endpointUid, () => replacement.exchange())
        },
        async undo({ input }) {
          const replacement = storage.replacementOf(input.branchUid)
          await computes.replaceFiles(input.endpointUid, () => replacement.takeBack())
        },
      },
      // What roles had is in the files that were replaced: they are kept until the operation has ended.
      renewPasswordsStep(context, ({ branchUid }) =>
        loginNotes.read(storage.replacementOf(branchUid).previousFiles.data),
      ),
    ],
    async complete(queries, { input, progress }) {
      const { projectUid, branchUid, sourceUid } = input
      await deleteCatalogIdsOf(queries, branchUid)
      await copyCatalogIds(queries, sourceUid, branchUid)
      await deleteCatalog(queries, branchUid)
      await copyCatalog(queries, sourceUid, branchUid)
      const now = clock.now().toISOString()
      await updateBranch(queries, branchUid, {
        state: 'READY',
        state_change_time: now,
        update_time: now,
        ...lifeAnew(await findBranchByUid(queries, branchUid), clock.now()),
        source_lsn: String(progress['lsn']),
        source_time: String(progress['time']),
        ...cloneColumns(progress),
      })
      const { project, branch } = await anyBranch(queries, { project: projectUid, branch: branchUid })
      return viewBranch(await partsOfBranch(queries, project, branch))
    },
    async abandon(queries, { input }) {
      const now = clock.now().toISOString()
      await updateBranch(queries, input.branchUid, { state: 'READY', state_change_time: now })
    },
  }
}

async function cloneParent(context: ControlParts, { input }: OperationRun<ResetBranch>) {
  const { computes, storage, workspaceId, metadata } = context
  const { projectUid, branchUid, sourceUid, sourceEndpointUid } = input
  const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
  // What is known of the parent is soon what is known of the branch.
  await computes.peek(sourceEndpointUid, (admin) => observeCatalog(context, sourceUid, admin))
  return factsOf(
    await computes.withFiles(sourceEndpointUid, (connect) =>
      storage.cloneBeside(branchUid, sourceUid, { connect, branch }),
    ),
  )
}
