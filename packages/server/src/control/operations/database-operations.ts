// The kinds of operation on databases. CREATE and DROP DATABASE are atomic; a change of owner and name can be repeated.
import type { Database as DatabaseReply } from '@lakelet/api'
import { isLakeletError } from '../../base/errors.ts'
import { deleteCatalogIds, listCatalogIds, putCatalogId } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import {
  type AdminConnection,
  alterDatabase,
  createDatabase,
  type Database,
  dropDatabase,
  getDatabase,
} from '../../postgres/index.ts'
import { type Known, knownRoles } from '../services/branch-catalog.ts'
import { readOids } from '../services/catalog.ts'
import type { ControlContext } from '../services/context.ts'
import { databaseReply } from '../services/databases.ts'
import { EMPTY } from '../services/operation-reply.ts'
import { anyBranch } from '../services/resolve.ts'
import type { CatalogInput } from './catalog-input.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'

type Context = Omit<ControlContext, 'operations'>

interface CreateDatabase extends CatalogInput {
  readonly database: Database
}

interface UpdateDatabase extends CatalogInput {
  readonly name: string
  readonly oid: number
  readonly changes: Partial<Database>
}

interface DeleteDatabase extends CatalogInput {
  readonly name: string
  readonly oid: number
}

export interface DatabaseOperations {
  readonly create: OperationKind<CreateDatabase>
  readonly update: OperationKind<UpdateDatabase>
  readonly delete: OperationKind<DeleteDatabase>
}

export function databaseOperations(context: Context): DatabaseOperations {
  return {
    create: createOperation(context),
    update: updateOperation(context),
    delete: deleteOperation(context),
  }
}

function createOperation(context: Context): OperationKind<CreateDatabase> {
  return {
    name: 'create_database',
    metadataType: 'Database',
    steps: [
      {
        name: 'create',
        run: ({ input, signal }) =>
          context.computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              const { database } = input
              try {
                await createDatabase(admin, database)
              } catch (error) {
                // That it was not there has been checked under the lock, so it comes from a try before a crash.
                if (!isLakeletError(error, 'name_exists')) throw error
                await alterDatabase(admin, database.name, { owner: database.owner })
              }
              return readBack(context, admin, input, database.name)
            },
            { signal },
          ),
      },
    ],
    complete: (queries, run) => replyOf(context, queries, run),
  }
}

function updateOperation(context: Context): OperationKind<UpdateDatabase> {
  return {
    name: 'update_database',
    metadataType: 'Database',
    steps: [
      {
        name: 'alter',
        run: ({ input, signal }) =>
          context.computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              // By its oid, because a try before a crash may have renamed it.
              const name = await nameOf(admin, input.oid, input.name)
              await alterDatabase(admin, name, input.changes)
              return readBack(context, admin, input, input.changes.name ?? name)
            },
            { signal },
          ),
      },
    ],
    complete: (queries, run) => replyOf(context, queries, run),
  }
}

function deleteOperation({ computes }: Context): OperationKind<DeleteDatabase> {
  return {
    name: 'delete_database',
    metadataType: 'Database',
    steps: [
      {
        name: 'drop',
        run: ({ input, signal }) =>
          computes.withAdmin(
            input.endpointUid,
            async (admin) => {
              try {
                await dropDatabase(admin, input.name)
              } catch (error) {
                // Dropped by a try before a crash, or by SQL: it is gone, as was asked.
                if (!isLakeletError(error, 'database_missing')) throw error
              }
            },
            { signal },
          ),
      },
    ],
    async complete(queries, { input }) {
      await deleteCatalogIds(queries, input.branchUid, 'database', [input.oid])
      return EMPTY
    },
  }
}

async function nameOf(admin: AdminConnection, oid: number, fallback: string): Promise<string> {
  for (const [name, each] of await readOids(admin, 'database')) if (each === oid) return name
  return fallback
}

async function readBack(context: Context, admin: AdminConnection, input: CatalogInput, name: string) {
  return {
    database: await getDatabase(admin, name),
    oid: (await readOids(admin, 'database')).get(name),
    roles: await knownRoles(context, admin, input.branchUid),
  }
}

async function replyOf(
  { clock }: Context,
  queries: Queries,
  { input, progress }: OperationRun<CatalogInput>,
): Promise<DatabaseReply> {
  const now = clock.now().toISOString()
  // The step of this operation stored them.
  const { database, oid, roles } = progress as unknown as {
    readonly database: Database
    readonly oid: number
    readonly roles: Parameters<typeof databaseReply>[2]
  }
  const known = (await listCatalogIds(queries, input.branchUid, 'database')).find((row) => row.oid === oid)
  const id: Known<Database>['id'] = {
    branch_uid: input.branchUid,
    kind: 'database',
    oid,
    id: input.id,
    create_time: known?.create_time ?? now,
    update_time: now,
  }
  await putCatalogId(queries, id)
  const rows = await anyBranch(queries, { project: input.projectUid, branch: input.branchUid })
  return databaseReply(rows, { object: database, id }, roles)
}
