// Making a branch of what came as a file: it lies in `storage.imports` under the uid of the branch, whole and looked at.
import type { Branch } from '@lakelet/api'
import { deleteBranchRow, updateBranch } from '../../metadata/branches.ts'
import type { OperationKind, Step } from '../../operations/operation-kind.ts'
import {
  type AdminConnection,
  alterRole,
  listRoles,
  type Role,
  type RoleIdentity,
} from '../../postgres/index.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'
import { newBranchOf } from '../recovery/new-branch.ts'
import { anyBranch } from '../rules/resolve.ts'
import { partsOfBranch, viewBranch } from '../views/branch.ts'
import { cloneColumns, factsOf } from './clone-branch.ts'
import { putKeptCatalog } from './snapshot-catalog.ts'

export interface ImportBranch {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  /** What `catalogOf` gave where it was exported. */
  readonly catalog: string
  /** The moment that it holds. */
  readonly source: { readonly lsn: string; readonly time: string }
  /** It comes from this workspace: its identities are ours. */
  readonly isOurs: boolean
}

export function importBranch(context: ControlParts): OperationKind<ImportBranch> {
  return {
    name: 'import_branch',
    metadataType: 'Branch',
    steps: [placeStep(context), identitiesStep(context), discardStep(context)],
    async complete(queries, { input, progress }): Promise<Branch> {
      await updateBranch(queries, input.branchUid, {
        state: 'READY',
        state_change_time: context.clock.now().toISOString(),
        source_lsn: input.source.lsn,
        source_time: input.source.time,
        ...cloneColumns(progress),
      })
      const path = { project: input.projectUid, branch: input.branchUid }
      const { project, branch } = await anyBranch(queries, path)
      return viewBranch(await partsOfBranch(queries, project, branch))
    },
    async abandon(queries, { input }) {
      await deleteBranchRow(queries, input.branchUid)
    },
  }
}

function placeStep({ metadata, storage, computes, workspaceId }: ControlParts): Step<ImportBranch> {
  return {
    name: 'place',
    async run({ input: { projectUid, branchUid } }) {
      const branch = await newBranchOf(metadata.db, { workspaceId, projectUid, branchUid })
      return factsOf(
        (await storage.unfinished(branchUid, branch)) ??
          (await storage.cloneSnapshot(branchUid, branchUid, branch, storage.imports)),
      )
    },
    async undo({ input }) {
      await computes.remove(input.endpointUid)
      await storage.discard(input.branchUid, { workspaceId, projectUid: input.projectUid })
      await storage.imports.remove(input.branchUid)
    },
  }
}

/** Roles keep the ids that they had; those of identities get the labels of the identities here, by their names. */
function identitiesStep(context: ControlParts): Step<ImportBranch> {
  return {
    name: 'adopt_identities',
    async run({ input: { branchUid, endpointUid, catalog, isOurs }, signal }) {
      await context.metadata.transaction((queries) => putKeptCatalog(queries, branchUid, catalog))
      const work = async (admin: AdminConnection) => {
        if (!isOurs) await adoptIdentities(context, admin)
        await observeCatalog(context, branchUid, admin, true)
      }
      await onCatalog(context, endpointUid, work, signal)
    },
  }
}

async function adoptIdentities(context: ControlParts, admin: AdminConnection): Promise<void> {
  for (const { name, identity } of await listRoles(admin)) {
    if (!identity) continue
    const here = identityHere(context, { name, identity })
    if (here?.id !== identity.id) await alterRole(admin, name, { identity: here ?? null })
  }
}

/** Who a role of an identity belongs to in this workspace; undefined for nobody. */
export function identityHere(
  { principals }: Pick<ControlParts, 'principals'>,
  { name, identity }: Pick<Role, 'name'> & { readonly identity: RoleIdentity },
): RoleIdentity | undefined {
  const found = principals.findIdentity(identity.type, name)
  return found && { id: found.id, type: found.type }
}

function discardStep({ storage }: ControlParts): Step<ImportBranch> {
  return { name: 'discard_copy', run: ({ input }) => storage.imports.remove(input.branchUid) }
}
