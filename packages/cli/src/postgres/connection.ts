// How to reach the Postgres of an endpoint as the signed-in identity.
import type { Endpoint } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { currentUser } from '../commands/current-user/me.ts'
import type { WorkspaceConnection } from '../config/connect.ts'
import { databaseCredential } from './credential.ts'
import { type Moment, optionsOf } from './moment.ts'

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
  /** Words for the gateway, as in PGOPTIONS. */
  readonly options?: string
}

/** Address of an endpoint. The API names no port: it is 5432, except where the workspace runs here on another one. */
export function addressOf(connection: WorkspaceConnection, endpoint: Endpoint): PostgresAddress {
  const { local } = connection.configuration
  return {
    host: endpoint.status.hosts.host,
    port: local?.postgres.port ?? 5432,
    caFile: local?.caFile,
  }
}

/** Address, user and a fresh credential; for reading a moment of the past, where one is given. */
export async function loginTo(
  context: CommandContext,
  endpoint: Endpoint,
  moment?: Moment,
): Promise<PostgresLogin> {
  const { signal } = context
  const connection = await context.workspace()
  const [user, credential] = await Promise.all([
    currentUser(connection.client, signal),
    databaseCredential(connection.client, endpoint.name, signal),
  ])
  const login = { ...addressOf(connection, endpoint), user: user.userName, password: credential.token }
  return moment ? { ...login, options: optionsOf(moment) } : login
}
