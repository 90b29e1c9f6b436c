// Who a Postgres role belongs to: the service principal of an app, or any other identity of the workspace.
import { ApiError, type Client, appsRoutes } from '@lakelet/api'
import { Failure, exitCodes } from '../command/failure.ts'

/** What may be named: an app stands for its service principal. */
export const PRINCIPAL_KINDS = ['app', 'user', 'group', 'service-principal'] as const
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number]

/** An identity as Postgres knows it. */
export interface Principal {
  /** Name of the Postgres role: e-mail address, client id, or name of the group. */
  readonly role: string
  /** Second argument of `databricks_create_role`. */
  readonly type: 'USER' | 'GROUP' | 'SERVICE_PRINCIPAL'
  /** Name of the app whose service principal it is. */
  readonly app: string | undefined
}

const CLIENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Finds out who `name` is. Without a kind, an address is a user, a client id a service principal, and anything else an app. */
export async function findPrincipal(
  client: Client,
  name: string,
  kind: PrincipalKind | undefined,
  signal: AbortSignal,
): Promise<Principal> {
  switch (kind ?? kindOf(name)) {
    case 'user':
      return { role: name, type: 'USER', app: undefined }
    case 'group':
      return { role: name, type: 'GROUP', app: undefined }
    case 'service-principal':
      return { role: name, type: 'SERVICE_PRINCIPAL', app: undefined }
    case 'app':
      return ofApp(client, name, signal)
  }
}

function kindOf(name: string): PrincipalKind {
  if (CLIENT_ID.test(name)) return 'service-principal'
  return name.includes('@') ? 'user' : 'app'
}

async function ofApp(client: Client, name: string, signal: AbortSignal): Promise<Principal> {
  try {
    const app = await client.call(appsRoutes.get, { params: { name } }, signal)
    return { role: app.service_principal_client_id, type: 'SERVICE_PRINCIPAL', app: name }
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
    const { apps = [] } = await client.call(appsRoutes.list, {}, signal)
    const known = apps.length === 0 ? 'There is none' : `There are ${apps.map((app) => app.name).join(', ')}`
    throw new Failure(`The workspace has no app '${name}'.`, {
      exitCode: exitCodes.notFound,
      todo: `${known}. A group is named with --type group, a user by e-mail address.`,
      cause: error,
    })
  }
}
