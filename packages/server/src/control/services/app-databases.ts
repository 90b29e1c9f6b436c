// What a `postgres` resource of an app resolves to, and the role that the app gets there: named by its client id, with CONNECT
// and CREATE on the database, as Databricks Apps does it when a database is attached.
import { endpointName, parseResourceName } from '@lakelet/api'
import type { AppDatabases, DatabaseBinding } from '../../apps/ports.ts'
import { because, isLakeletError, LakeletError } from '../../base/errors.ts'
import {
  type AdminConnection,
  createRole,
  type Database,
  DEFAULT_DATABASE,
  dropRole,
  identifier,
  listRoles,
} from '../../postgres/index.ts'
import { catalogEndpoint } from '../catalog/catalogs.ts'
import { type KnownCatalog, observeCatalog } from '../catalog/known-catalog.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlContext } from '../context.ts'
import { type BranchRows, liveBranch, primaryEndpoint } from '../rules/resolve.ts'

const NO_ATTRIBUTES = { createdb: false, createrole: false, bypassrls: false }

/** Resolves resources through the control plane; `port` is where clients reach Postgres. */
export function appDatabases(context: ControlContext, port: () => number): AppDatabases {
  return {
    async resolve(resource) {
      const place = await placeOf(context, resource.branch)
      const { branch, endpoint } = place
      const known = await context.catalogs.remembered(branch.uid, endpoint.uid)
      const asked = resource.database ?? DEFAULT_DATABASE
      // Of a branch that was never looked at, the name is all there is.
      const database = known ? databaseIn(known, asked).name : (parseResourceName(asked)?.leaf ?? asked)
      return bindingOf(context, place, database, port())
    },
    async bind(app, resource) {
      const place = await placeOf(context, resource.branch)
      const { branch } = place
      const endpointUid = await catalogEndpoint(context.metadata.db, place)
      const database = await onCatalog(context, endpointUid, async (admin) => {
        const { name } = databaseIn(await observeCatalog(context, branch.uid, admin), resource.database)
        await ensureRole(context, admin, app.clientId)
        await admin.execute(
          `GRANT CONNECT, CREATE ON DATABASE ${identifier(name)} TO ${identifier(app.clientId)}`,
        )
        return name
      })
      return bindingOf(context, place, database, port())
    },
    async release(app, resource) {
      const place = await placeOf(context, resource.branch).catch((error: unknown) => {
        if (isLakeletError(error) && error.kind === 'not_found') return undefined
        throw error
      })
      if (place) await dropAppRole(context, place, app.clientId, resource.database)
    },
  }
}

type Place = BranchRows & { readonly endpoint: Awaited<ReturnType<typeof primaryEndpoint>> }

async function placeOf(context: ControlContext, name: string): Promise<Place> {
  const rows = await branchOf(context, name)
  return { ...rows, endpoint: await primaryEndpoint(context.metadata.db, rows.branch.uid) }
}

function bindingOf(
  context: ControlContext,
  { project, branch, endpoint }: Place,
  database: string,
  port: number,
): DatabaseBinding {
  return {
    host: context.hosts(endpoint.uid).host,
    port,
    database,
    endpoint: endpointName(project.project_id, branch.branch_id, endpoint.endpoint_id),
  }
}

/** As the platform does when a database is taken from an app: objects stay and change hands, the role goes with its grants. */
async function dropAppRole(
  context: ControlContext,
  place: Place,
  clientId: string,
  database: string | undefined,
): Promise<void> {
  const { branch } = place
  await onCatalog(context, await catalogEndpoint(context.metadata.db, place), async (admin) => {
    const known = await observeCatalog(context, branch.uid, admin)
    const role = known.roles.find((each) => each.object.name === clientId)
    if (!role) return
    const asked = parseResourceName(database ?? DEFAULT_DATABASE)?.leaf ?? database ?? DEFAULT_DATABASE
    const owners = known.databases
      .filter((each) => each.object.name === asked || each.id.id === asked)
      .map((each) => each.object.owner)
    const heirs = [
      ...owners,
      ...known.roles.filter((each) => each.object.isSuperuserMember).map((each) => each.object.name),
    ]
    const heir = heirs.find(
      (name) => name !== clientId && known.roles.some((each) => each.object.name === name),
    )
    await dropRole(admin, clientId, heir, role.object.oid).catch((error: unknown) => {
      if (!isLakeletError(error, 'role_missing')) throw error
    })
    await observeCatalog(context, branch.uid, admin)
  })
}

async function branchOf(context: ControlContext, name: string): Promise<BranchRows> {
  const parsed = parseResourceName(name)
  if (parsed?.branch === undefined || parsed.leaf !== undefined) {
    const reason = because('branch_name', { branch: name })
    throw new LakeletError('invalid_parameter', { reason })
  }
  return liveBranch(context.metadata.db, { project: parsed.project, branch: parsed.branch })
}

/** A database that is named as a resource or as Postgres does; LakeletError `resource_not_found`. */
function databaseIn({ databases }: KnownCatalog, asked: string = DEFAULT_DATABASE): Database {
  const id = parseResourceName(asked)?.leaf ?? asked
  const found =
    databases.find((each) => each.object.name === id) ?? databases.find((each) => each.id.id === id)
  if (!found) throw new LakeletError('resource_not_found', { type: 'database' })
  return found.object
}

async function ensureRole(context: ControlContext, admin: AdminConnection, clientId: string): Promise<void> {
  if ((await listRoles(admin)).some((role) => role.name === clientId)) return
  const identity = context.principals.findIdentity('SERVICE_PRINCIPAL', clientId)
  if (!identity) throw new LakeletError('resource_not_found', { type: 'service principal' })
  await createRole(admin, {
    name: clientId,
    attributes: NO_ATTRIBUTES,
    isSuperuserMember: false,
    canLogin: true,
    identity,
  })
}
