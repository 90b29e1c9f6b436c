// How to reach the Postgres of an endpoint as the signed-in identity.
import type { Endpoint } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { currentUser } from '../commands/current-user/me.ts'
import type { WorkspaceConnection } from '../config/connect.ts'
import { type LocalWorkspace, nearbyWorkspaces } from '../config/local-workspace.ts'
import { databaseCredential } from './credential.ts'

export const DATABASE = 'databricks_postgres'

export interface PostgresAddress {
  readonly host: string
  readonly port: number
  /** File with the authority that signed the server's certificate; absent where a public one did. */
  readonly caFile: string | undefined
}

export interface PostgresLogin extends PostgresAddress {
  readonly user: string
  /** A database credential of the user. */
  readonly password: string
}

/** The workspace on this machine that `connection` talks to, if it is one. */
export async function localWorkspaceOf(
  connection: WorkspaceConnection,
  terminal: CommandContext['terminal'],
): Promise<LocalWorkspace | undefined> {
  const hint = connection.configuration.values['lakelet_data_dir']
  const nearby = await nearbyWorkspaces(terminal, [hint])
  return nearby.find(({ host }) => host === connection.host)
}

/** Address of an endpoint. The API names no port: it is 5432, except where the workspace runs here on another one. */
export async function addressOf(
  connection: WorkspaceConnection,
  terminal: CommandContext['terminal'],
  endpoint: Endpoint,
): Promise<PostgresAddress> {
  const local = await localWorkspaceOf(connection, terminal)
  return {
    host: endpoint.status.hosts.host,
    port: local?.postgres.port ?? 5432,
    caFile: local?.caFile,
  }
}

/** Address, user and a fresh credential. */
export async function loginTo(context: CommandContext, endpoint: Endpoint): Promise<PostgresLogin> {
  const { terminal, signal } = context
  const connection = await context.workspace()
  const [address, user, credential] = await Promise.all([
    addressOf(connection, terminal, endpoint),
    currentUser(connection.client, signal),
    databaseCredential(connection.client, endpoint.name, signal),
  ])
  return { ...address, user: user.userName, password: credential.token }
}
