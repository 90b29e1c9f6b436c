// The kinds of operation on Data APIs. What the database needs of it is made before the row says that it is there: the role that the
// Data API logs in as, which may do nothing but take the roles that are granted to it.
import type { DataApi, DataApiSpec } from '@lakelet/api'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'
import { deleteDataApi, findDataApi, putDataApi } from '../../metadata/data-apis.ts'
import type { Queries } from '../../metadata/database.ts'
import { type AdminConnection, findDatabase, identifier, withRolesLocked } from '../../postgres/index.ts'
import { findKnownCatalog } from '../catalog/known-catalog.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'
import { AUTHENTICATOR, viewDataApi } from '../views/data-api.ts'
import { anyBranch, notFound } from '../rules/resolve.ts'
import { EMPTY } from '../views/operation.ts'
import type { CatalogInput } from './catalog-input.ts'

interface SetDataApi extends CatalogInput {
  readonly oid: number
  readonly spec: DataApiSpec
}

interface DeleteDataApi extends CatalogInput {
  readonly oid: number
}

export interface DataApiOperations {
  readonly create: OperationKind<SetDataApi>
  readonly update: OperationKind<SetDataApi>
  readonly delete: OperationKind<DeleteDataApi>
}

/** Where the Data API of a database is, by the uid of its endpoint and the name of the database. */
export type DataApiUrl = (endpointUid: string, database: string) => string

export function dataApiOperations(parts: ControlParts, url: DataApiUrl): DataApiOperations {
  const set = (name: string): OperationKind<SetDataApi> => ({
    name,
    metadataType: 'DataApi',
    steps: [{ name: 'prepare', run: (run) => prepare(parts, run) }],
    complete: (queries, run) => store(parts, queries, run, url),
  })
  return {
    create: set('create_data_api'),
    update: set('update_data_api'),
    delete: {
      name: 'delete_data_api',
      metadataType: 'DataApi',
      steps: [
        {
          name: 'disable',
          run: ({ input }) => deleteDataApi(parts.metadata.db, input.branchUid, input.oid),
        },
      ],
      complete: () => Promise.resolve(EMPTY),
    },
  }
}

async function prepare(
  parts: ControlParts,
  { input, signal }: OperationRun<SetDataApi>,
): Promise<{ schemas: readonly string[] }> {
  const work = async (admin: AdminConnection) => {
    const present = await findDatabase(admin, input.oid)
    if (!present) throw notFound('database')
    await withRolesLocked(admin, () => makeAuthenticator(admin))
    await admin.execute(
      `GRANT CONNECT ON DATABASE ${identifier(present.name)} TO ${identifier(AUTHENTICATOR)}`,
    )
    await using inside = await admin.open(present.name)
    await inside.execute('CREATE SCHEMA IF NOT EXISTS pgrst')
    const rows = await inside.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'pgrst') ORDER BY nspname`,
    )
    return { schemas: rows.map(({ name }) => name) }
  }
  return onCatalog(parts, input.endpointUid, work, signal)
}

async function makeAuthenticator(admin: AdminConnection): Promise<void> {
  const rows = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [AUTHENTICATOR])
  if (rows.length === 0) await admin.execute(`CREATE ROLE ${identifier(AUTHENTICATOR)} LOGIN NOINHERIT`)
}

async function store(
  { clock }: ControlParts,
  queries: Queries,
  { input, progress }: OperationRun<SetDataApi>,
  url: DataApiUrl,
): Promise<DataApi> {
  const now = clock.now().toISOString()
  const { branchUid, oid } = input
  const before = await findDataApi(queries, branchUid, oid)
  const row = {
    branch_uid: branchUid,
    database_oid: oid,
    spec: JSON.stringify(input.spec),
    // The step of this operation stored it.
    available_schemas: JSON.stringify(progress['schemas'] ?? []),
    create_time: before?.create_time ?? now,
    update_time: now,
  }
  await putDataApi(queries, row)
  const rows = await anyBranch(queries, { project: input.projectUid, branch: branchUid })
  const known = await findKnownCatalog(queries, branchUid)
  const database = known?.databases.find(({ object }) => object.oid === oid)
  if (!database) throw notFound('database')
  return viewDataApi(rows, database, row, url(input.endpointUid, database.object.name))
}
