// The variables of an app: how it reaches Postgres, and how it asks the workspace for credentials.
import path from 'node:path'
import { type Endpoint, postgresUrl } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import type { WorkspaceConnection } from '../../config/connect.ts'
import type { Connecting } from '../../postgres/connecting.ts'
import { authoritiesFile } from './authorities.ts'
import type { Variables } from './env-format.ts'

/** What libpq and everything that follows it reads; with a password also the URL that holds it. */
export function connectionVariables(connecting: Connecting): Variables {
  const { host, port, database, user, caFile, option, takesToken, password } = connecting
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGSSLMODE: 'require',
    ...(caFile === undefined ? {} : { PGSSLROOTCERT: caFile }),
    // A token names its endpoint, a password does not.
    ...(takesToken || option === undefined ? {} : { PGOPTIONS: option }),
    ...(password === undefined ? {} : { PGPASSWORD: password, DATABASE_URL: postgresUrl(connecting) }),
  }
}

/** The authority of the workspace, beside those that are named already. */
export async function authorityVariables(
  { caFile }: Pick<Connecting, 'caFile'>,
  { terminal, out }: Pick<CommandContext, 'terminal' | 'out'>,
): Promise<Variables> {
  if (caFile === undefined) return {}
  const present = terminal.env['NODE_EXTRA_CA_CERTS']
  const file = await authoritiesFile(caFile, present, path.dirname(caFile))
  if (file !== undefined) return { NODE_EXTRA_CA_CERTS: file }
  out.note(
    `NODE_EXTRA_CA_CERTS stays ${present}. libpq and lakelet-connect read PGSSLROOTCERT; for other Node drivers append ${caFile} to that file.`,
  )
  return {}
}

/** What the SDKs need to be the same identity and to ask for credentials of the endpoint. */
export async function workspaceVariables(
  { host, configuration, tokens }: WorkspaceConnection,
  { name }: Endpoint,
): Promise<Variables> {
  const { client_id: id, client_secret: secret } = configuration.values
  const credentials =
    tokens.authType === 'oauth-m2m' && id && secret
      ? { DATABRICKS_CLIENT_ID: id, DATABRICKS_CLIENT_SECRET: secret }
      : { DATABRICKS_TOKEN: (await tokens.token()).accessToken }
  return { ENDPOINT_NAME: name, LAKEBASE_ENDPOINT: name, DATABRICKS_HOST: host, ...credentials }
}
