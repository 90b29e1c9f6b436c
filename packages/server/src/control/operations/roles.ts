// The kinds of operation on roles. What is checked is checked in the transaction that makes the change, while nobody else can
// change a role.
import type { Role as RoleView } from '@lakelet/api'
import { isLakeletError } from '../../base/errors.ts'
import { deleteCatalogIds } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'
import {
  type AdminConnection,
  alterRole,
  createRole,
  dropRole,
  findRole,
  getRole,
  type NewRole,
  type Role,
  type RoleChanges,
  withRolesLocked,
} from '../../postgres/index.ts'
import { claimCatalogId } from '../catalog/ids.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import { onCatalog, once } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'
import { anyBranch, notFound } from '../rules/resolve.ts'
import { EMPTY } from '../views/operation.ts'
import { viewRole } from '../views/role.ts'
import type { CatalogInput } from './catalog-input.ts'

interface CreateRole extends CatalogInput {
  readonly role: NewRole
}

interface UpdateRole extends CatalogInput {
  readonly oid: number
  readonly changes: RoleChanges
}

interface DeleteRole extends CatalogInput {
  readonly oid: number
  readonly heirOid: number | undefined
}

export interface RoleOperations {
  readonly create: OperationKind<CreateRole>
  readonly update: OperationKind<UpdateRole>
  readonly delete: OperationKind<DeleteRole>
}

export function roleOperations(parts: ControlParts): RoleOperations {
  return {
    create: {
      name: 'create_role',
      metadataType: 'Role',
      steps: [
        {
          name: 'create',
          run: (run) =>
            changeRole(parts, run, async (admin) => {
              await createRole(admin, run.input.role)
              return getRole(admin, run.input.role.name)
            }),
        },
      ],
      complete: (queries, run) => replyOf(parts, queries, run, run.input.callerId),
    },
    update: {
      name: 'update_role',
      metadataType: 'Role',
      steps: [
        {
          name: 'alter',
          run: (run) =>
            changeRole(parts, run, async (admin) => {
              const { name } = await roleOf(admin, run.input.oid)
              await alterRole(admin, name, run.input.changes)
              return getRole(admin, name)
            }),
        },
      ],
      complete: (queries, run) => replyOf(parts, queries, run, undefined),
    },
    delete: {
      name: 'delete_role',
      metadataType: 'Role',
      steps: [{ name: 'drop', run: (run) => drop(parts, run) }],
      async complete(queries, { input }) {
        await deleteCatalogIds(queries, input.branchUid, 'role', [input.oid])
        return EMPTY
      },
    },
  }
}

/** Changes one role, once; the role as it then is goes into the progress. */
async function changeRole(
  parts: ControlParts,
  run: OperationRun<CatalogInput>,
  change: (admin: AdminConnection) => Promise<Role>,
): Promise<void> {
  const { endpointUid, branchUid } = run.input
  const work = async (admin: AdminConnection) => {
    await once(run, admin, withRolesLocked, async () => ({ role: await change(admin) }))
    await observeCatalog(parts, branchUid, admin)
  }
  await onCatalog(parts, endpointUid, work, run.signal)
}

async function drop(parts: ControlParts, { input, signal }: OperationRun<DeleteRole>): Promise<void> {
  const work = async (admin: AdminConnection) => {
    const present = await findRole(admin, input.oid)
    // Without one it was dropped by a try before a crash, or by SQL: it is gone, as was asked.
    if (present) {
      const heir = input.heirOid === undefined ? undefined : await roleOf(admin, input.heirOid)
      await dropRole(admin, present.name, heir?.name, present.oid).catch(async (error: unknown) => {
        const isGone = isLakeletError(error, 'role_missing') && !(await findRole(admin, input.oid))
        if (!isGone) throw error
      })
    }
    await observeCatalog(parts, input.branchUid, admin)
  }
  await onCatalog(parts, input.endpointUid, work, signal)
}

async function roleOf(admin: AdminConnection, oid: number): Promise<Role> {
  const role = await findRole(admin, oid)
  if (!role) throw notFound('role')
  return role
}

async function replyOf(
  { clock }: ControlParts,
  queries: Queries,
  { input, progress }: OperationRun<CatalogInput>,
  creatorId: number | undefined,
): Promise<RoleView> {
  const now = clock.now().toISOString()
  // The step of this operation stored it.
  const role = progress['role'] as Role
  const claim = { branchUid: input.branchUid, kind: 'role', oid: role.oid, id: input.id, creatorId } as const
  const id = await claimCatalogId(queries, claim, now)
  const rows = await anyBranch(queries, { project: input.projectUid, branch: input.branchUid })
  return viewRole(rows, { object: role, id }, now)
}
