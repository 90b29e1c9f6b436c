// The kinds of operation on roles. Each has one step, which Postgres does as one transaction or can repeat.
import type { Role as RoleReply } from '@lakelet/api'
import { isLakeletError } from '../../base/errors.ts'
import { deleteCatalogIds, listCatalogIds, putCatalogId } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import {
  type AdminConnection,
  alterRole,
  createRole,
  dropRole,
  getRole,
  type NewRole,
  type Role,
  type RoleChanges,
} from '../../postgres/index.ts'
import { readOids } from '../services/catalog.ts'
import type { ControlContext } from '../services/context.ts'
import { EMPTY } from '../services/operation-reply.ts'
import { anyBranch } from '../services/resolve.ts'
import { roleReply } from '../services/roles.ts'
import type { CatalogInput } from './catalog-input.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'

type Context = Omit<ControlContext, 'operations'>

interface CreateRole extends CatalogInput {
  readonly role: NewRole
}

interface UpdateRole extends CatalogInput {
  readonly name: string
  readonly changes: RoleChanges
}

interface DeleteRole extends CatalogInput {
  readonly name: string
  readonly oid: number
  readonly reassignTo: string | undefined
}

export interface RoleOperations {
  readonly create: OperationKind<CreateRole>
  readonly update: OperationKind<UpdateRole>
  readonly delete: OperationKind<DeleteRole>
}

export function roleOperations(context: Context): RoleOperations {
  return {
    create: createOperation(context),
    update: updateOperation(context),
    delete: deleteOperation(context),
  }
}

function createOperation(context: Context): OperationKind<CreateRole> {
  return {
    name: 'create_role',
    metadataType: 'Role',
    steps: [
      {
        name: 'create',
        run: ({ input, signal }) =>
          context.computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              await createOnce(admin, input.role)
              return readBack(admin, input.role.name)
            },
            { signal },
          ),
      },
    ],
    complete: (queries, run) => replyOf(context, queries, run),
  }
}

/** That it was not there has been checked under the lock, so one that is there now comes from a try before a crash. */
async function createOnce(admin: AdminConnection, role: NewRole): Promise<void> {
  try {
    await createRole(admin, role)
  } catch (error) {
    if (!isLakeletError(error, 'name_exists')) throw error
    const { attributes, isSuperuserMember, canLogin, identity = null } = role
    await alterRole(admin, role.name, { attributes, isSuperuserMember, canLogin, identity })
  }
}

function updateOperation(context: Context): OperationKind<UpdateRole> {
  return {
    name: 'update_role',
    metadataType: 'Role',
    steps: [
      {
        name: 'alter',
        run: ({ input, signal }) =>
          context.computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              await alterRole(admin, input.name, input.changes)
              return readBack(admin, input.name)
            },
            { signal },
          ),
      },
    ],
    complete: (queries, run) => replyOf(context, queries, run),
  }
}

function deleteOperation({ computes }: Context): OperationKind<DeleteRole> {
  return {
    name: 'delete_role',
    metadataType: 'Role',
    steps: [
      {
        name: 'drop',
        run: ({ input, signal }) =>
          computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              try {
                await dropRole(admin, input.name, input.reassignTo)
              } catch (error) {
                // Dropped by a try before a crash, or by SQL: it is gone, as was asked.
                const isGone = !(await readOids(admin, 'role')).has(input.name)
                if (!isGone) throw error
              }
            },
            { signal },
          ),
      },
    ],
    async complete(queries, { input }) {
      await deleteCatalogIds(queries, input.branchUid, 'role', [input.oid])
      return EMPTY
    },
  }
}

async function readBack(
  admin: AdminConnection,
  name: string,
): Promise<{ role: Role; oid: number | undefined }> {
  return { role: await getRole(admin, name), oid: (await readOids(admin, 'role')).get(name) }
}

async function replyOf(
  { clock }: Context,
  queries: Queries,
  { input, progress }: OperationRun<CatalogInput>,
): Promise<RoleReply> {
  const now = clock.now().toISOString()
  const oid = Number(progress['oid'])
  const known = (await listCatalogIds(queries, input.branchUid, 'role')).find((row) => row.oid === oid)
  const id = {
    branch_uid: input.branchUid,
    kind: 'role' as const,
    oid,
    id: input.id,
    create_time: known?.create_time ?? now,
    update_time: now,
  }
  await putCatalogId(queries, id)
  const rows = await anyBranch(queries, { project: input.projectUid, branch: input.branchUid })
  // The step of this operation stored it.
  return roleReply(rows, { object: progress['role'] as Role, id })
}
