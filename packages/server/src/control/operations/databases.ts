// The kinds of operation on databases. A change of owner and name is one transaction in which nobody else can change a database;
// CREATE DATABASE is atomic but no part of a transaction, so the new database is known by an oid that was noted before.
import { randomInt } from 'node:crypto'
import type { Database as DatabaseView } from '@lakelet/api'
import { isLakeletError } from '../../base/errors.ts'
import { deleteCatalogIds } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import type { OperationKind, OperationRun } from '../../operations/operation-kind.ts'
import {
  type AdminConnection,
  alterDatabase,
  createDatabase,
  type Database,
  dropDatabase,
  findDatabase,
  findRole,
  getDatabase,
  openToSuperusers,
  withDatabasesLocked,
} from '../../postgres/index.ts'
import { claimCatalogId } from '../catalog/ids.ts'
import { findKnownCatalog, observeCatalog } from '../catalog/known-catalog.ts'
import { onCatalog, once } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'
import { anyBranch, notFound } from '../rules/resolve.ts'
import { viewDatabase } from '../views/database.ts'
import { EMPTY } from '../views/operation.ts'
import type { CatalogInput } from './catalog-input.ts'

interface CreateDatabase extends CatalogInput {
  readonly name: string
  readonly ownerOid: number
}

/** What is undefined stays. */
export interface DatabaseChanges {
  readonly name: string | undefined
  readonly ownerOid: number | undefined
}

interface UpdateDatabase extends CatalogInput {
  readonly oid: number
  readonly changes: DatabaseChanges
}

interface DeleteDatabase extends CatalogInput {
  readonly oid: number
}

export interface DatabaseOperations {
  readonly create: OperationKind<CreateDatabase>
  readonly update: OperationKind<UpdateDatabase>
  readonly delete: OperationKind<DeleteDatabase>
}

/** Oids that Postgres itself comes to late: it counts from 16384. */
const LEAST_OID = 2_000_000_000
const MOST_OID = 4_000_000_000

export function databaseOperations(parts: ControlParts): DatabaseOperations {
  return {
    create: {
      name: 'create_database',
      metadataType: 'Database',
      steps: [{ name: 'create', run: (run) => create(parts, run) }],
      complete: (queries, run) => replyOf(parts, queries, run, run.input.callerId),
    },
    update: {
      name: 'update_database',
      metadataType: 'Database',
      steps: [{ name: 'alter', run: (run) => alter(parts, run) }],
      complete: (queries, run) => replyOf(parts, queries, run, undefined),
    },
    delete: {
      name: 'delete_database',
      metadataType: 'Database',
      steps: [{ name: 'drop', run: (run) => drop(parts, run) }],
      async complete(queries, { input }) {
        await deleteCatalogIds(queries, input.branchUid, 'database', [input.oid])
        return EMPTY
      },
    },
  }
}

async function create(
  parts: ControlParts,
  run: OperationRun<CreateDatabase>,
): Promise<{ database: Database }> {
  const { endpointUid, branchUid } = run.input
  const work = async (admin: AdminConnection) => {
    const database = await createOnce(admin, run)
    await observeCatalog(parts, branchUid, admin)
    return { database }
  }
  return onCatalog(parts, endpointUid, work, run.signal)
}

/** Creates the database, or finds the one that an earlier try of this operation created. */
async function createOnce(admin: AdminConnection, run: OperationRun<CreateDatabase>): Promise<Database> {
  const { name, ownerOid } = run.input
  const earlier = await findOwn(admin, run)
  if (earlier) return earlier
  const owner = await findRole(admin, ownerOid)
  if (!owner) throw notFound('role')
  const oid = await freeOid(admin)
  await run.note({ oids: [...notedOids(run), oid] })
  try {
    await createDatabase(admin, { name, owner: owner.name, oid })
  } catch (error) {
    if (!isLakeletError(error, 'name_exists')) throw error
    // Somebody else's, or what an earlier try began goes on in a backend of its own.
    const own = await findOwn(admin, run)
    if (!own) throw error
    return own
  }
  return getDatabase(admin, name)
}

async function findOwn(
  admin: AdminConnection,
  run: OperationRun<CreateDatabase>,
): Promise<Database | undefined> {
  for (const oid of notedOids(run)) {
    const database = await findDatabase(admin, oid)
    if (!database) continue
    await openToSuperusers(admin, database.name)
    return database
  }
  return undefined
}

function notedOids({ progress }: OperationRun<CreateDatabase>): readonly number[] {
  // Only this operation notes under that name.
  return (progress['oids'] ?? []) as readonly number[]
}

async function freeOid(admin: AdminConnection): Promise<number> {
  for (;;) {
    const oid = randomInt(LEAST_OID, MOST_OID)
    if (!(await findDatabase(admin, oid))) return oid
  }
}

async function alter(parts: ControlParts, run: OperationRun<UpdateDatabase>): Promise<void> {
  const { endpointUid, branchUid, oid, changes } = run.input
  const change = async (admin: AdminConnection) => {
    const present = await findDatabase(admin, oid)
    if (!present) throw notFound('database')
    const owner = changes.ownerOid === undefined ? undefined : await findRole(admin, changes.ownerOid)
    if (changes.ownerOid !== undefined && !owner) throw notFound('role')
    const { name = present.name } = changes
    await alterDatabase(admin, present.name, { name, ...(owner ? { owner: owner.name } : {}) })
    return { database: await getDatabase(admin, name) }
  }
  const work = async (admin: AdminConnection) => {
    await once(run, admin, withDatabasesLocked, () => change(admin))
    await observeCatalog(parts, branchUid, admin)
  }
  await onCatalog(parts, endpointUid, work, run.signal)
}

async function drop(parts: ControlParts, { input, signal }: OperationRun<DeleteDatabase>): Promise<void> {
  const work = async (admin: AdminConnection) => {
    const present = await findDatabase(admin, input.oid)
    // Without one it was dropped by a try before a crash, or by SQL: it is gone, as was asked.
    if (present) {
      await dropDatabase(admin, present.name).catch(async (error: unknown) => {
        if (await findDatabase(admin, input.oid)) throw error
      })
    }
    await observeCatalog(parts, input.branchUid, admin)
  }
  await onCatalog(parts, input.endpointUid, work, signal)
}

async function replyOf(
  { clock }: ControlParts,
  queries: Queries,
  { input, progress }: OperationRun<CatalogInput>,
  creatorId: number | undefined,
): Promise<DatabaseView> {
  const now = clock.now().toISOString()
  // The step of this operation stored it.
  const object = progress['database'] as Database
  const { branchUid } = input
  const claim = { branchUid, kind: 'database', oid: object.oid, id: input.id, creatorId } as const
  const id = await claimCatalogId(queries, claim, now)
  const rows = await anyBranch(queries, { project: input.projectUid, branch: branchUid })
  const known = await findKnownCatalog(queries, branchUid)
  return viewDatabase(rows, { object, id }, known?.roles ?? [], now)
}
