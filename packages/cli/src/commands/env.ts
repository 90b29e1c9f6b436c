import { defineCommand } from '../command/define-command.ts'
import type { CommandContext } from '../command/context.ts'
import { DATABASE, addressOf } from '../postgres/connection.ts'
import { findEndpoint, targetOf, targetOptions } from '../postgres/endpoint-target.ts'
import { SHELLS, type Variables, formatVariables } from './env-format.ts'
import { currentUser } from './current-user/me.ts'

export const env = defineCommand({
  path: ['env'],
  summary: 'Print the variables that an app needs to run here as you',
  description:
    'PG… for the database, ENDPOINT_NAME and LAKEBASE_ENDPOINT for its credentials, DATABRICKS_… for the API. The output holds your token: treat it like a password.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
  },
  options: {
    ...targetOptions,
    database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
    shell: { value: 'SHELL', summary: 'how to print them', choices: SHELLS, default: 'sh' },
  },
  examples: [
    { run: 'eval "$(lakelet env)"', does: 'exports them into this shell' },
    { run: 'lakelet env --shell dotenv > .env', does: 'keeps them in a file' },
  ],
  async handler(context, { arguments: { target }, options }) {
    const { client } = await context.workspace()
    const endpoint = await findEndpoint(client, targetOf(target, options), context.signal)
    const variables = await variablesFor(context, endpoint, options.database)
    const shell = context.out.format === 'json' ? 'json' : options.shell
    context.out.raw(formatVariables(variables, shell))
  },
})

async function variablesFor(
  context: CommandContext,
  endpoint: Parameters<typeof addressOf>[1],
  database: string,
): Promise<Variables> {
  const connection = await context.workspace()
  const address = addressOf(connection, endpoint)
  const user = await currentUser(connection.client, context.signal)
  return {
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGDATABASE: database,
    PGUSER: user.userName,
    PGSSLMODE: 'require',
    ...(address.caFile === undefined ? {} : authorityVariables(address.caFile, context)),
    ENDPOINT_NAME: endpoint.name,
    LAKEBASE_ENDPOINT: endpoint.name,
    DATABRICKS_HOST: connection.host,
    ...(await credentialsOf(connection)),
  }
}

/** Node reads one file of further authorities only, so a file that is set already stays. */
function authorityVariables(caFile: string, { terminal, out }: CommandContext): Variables {
  const present = terminal.env['NODE_EXTRA_CA_CERTS']
  if (!present || present === caFile) return { PGSSLROOTCERT: caFile, NODE_EXTRA_CA_CERTS: caFile }
  out.note(
    `NODE_EXTRA_CA_CERTS stays ${present}. libpq and lakelet-connect read PGSSLROOTCERT; for other Node drivers append ${caFile} to that file.`,
  )
  return { PGSSLROOTCERT: caFile }
}

/** What the SDKs need to be the same identity. */
async function credentialsOf({
  configuration,
  tokens,
}: Awaited<ReturnType<CommandContext['workspace']>>): Promise<Variables> {
  const { client_id: id, client_secret: secret } = configuration.values
  if (tokens.authType === 'oauth-m2m' && id && secret) {
    return { DATABRICKS_CLIENT_ID: id, DATABRICKS_CLIENT_SECRET: secret }
  }
  return { DATABRICKS_TOKEN: (await tokens.token()).accessToken }
}
