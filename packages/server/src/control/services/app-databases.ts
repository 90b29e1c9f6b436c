// What a `postgres` resource of an app resolves to, and the role that the app gets there: named by its client id, with CONNECT
// and CREATE on the database, as Databricks Apps does it when a database is attached.
import { endpointName, parseResourceName } from '@lakelet/api'
import type { AppDatabases } from '../../apps/neighbours.ts'
import { LakeletError } from '../../base/errors.ts'
import {
  type AdminConnection,
  createRole,
  DEFAULT_DATABASE,
  identifier,
  listRoles,
} from '../../postgres/index.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import type { ControlContext } from '../context.ts'
import { type BranchRows, liveBranch, primaryEndpoint } from '../rules/resolve.ts'

const NO_ATTRIBUTES = { createdb: false, createrole: false, bypassrls: false }

/** Resolves resources through the control plane; `port` is where clients reach Postgres. */
export function appDatabases(context: ControlContext, port: () => number): AppDatabases {
  return {
    async bind(app, resource) {
      const rows = await branchOf(context, resource.branch)
      const endpoint = await primaryEndpoint(context.metadata.db, rows.branch.uid)
      const database = await context.computes.withAdmin(endpoint.uid, async (admin) => {
        const name = await databaseOf(context, admin, rows, resource.database)
        await ensureRole(context, admin, app.clientId)
        await admin.execute(
          `GRANT CONNECT, CREATE ON DATABASE ${identifier(name)} TO ${identifier(app.clientId)}`,
        )
        return name
      })
      return {
        host: context.hosts(endpoint.uid).host,
        port: port(),
        database,
        endpoint: endpointName(rows.project.project_id, rows.branch.branch_id, endpoint.endpoint_id),
      }
    },
  }
}

async function branchOf(context: ControlContext, name: string): Promise<BranchRows> {
  const parsed = parseResourceName(name)
  if (parsed?.branch === undefined || parsed.leaf !== undefined) {
    const reason = `'${name}' is not the name of a branch; expected projects/…/branches/…`
    throw new LakeletError('invalid_parameter', { reason })
  }
  return liveBranch(context.metadata.db, { project: parsed.project, branch: parsed.branch })
}

/** The Postgres name of a database that is named as a resource or as Postgres does. */
async function databaseOf(
  context: ControlContext,
  admin: AdminConnection,
  { branch }: BranchRows,
  asked: string = DEFAULT_DATABASE,
): Promise<string> {
  const id = parseResourceName(asked)?.leaf ?? asked
  const { databases } = await observeCatalog(context, branch.uid, admin)
  const found =
    databases.find((each) => each.object.name === id) ?? databases.find((each) => each.id.id === id)
  if (!found) throw new LakeletError('resource_not_found', { type: 'database' })
  return found.object.name
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
