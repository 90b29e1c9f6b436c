// Who an app is that runs on this machine: the person at the terminal, or the service principal of an app of the workspace.
import { type App, appsRoutes, servicePrincipalSecretRoutes } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { Failure } from '../command/failure.ts'
import { connectionVariables, workspaceVariables } from '../commands/env/variables.ts'
import { connectingTo } from '../postgres/connecting.ts'
import { findEndpoint } from '../postgres/endpoint-target.ts'

type Variables = Readonly<Record<string, string>>

export interface Identity extends AsyncDisposable {
  /** Name of the app. */
  readonly name: string
  readonly clientId: string
  readonly clientSecret: string
  /** What it finds beside the platform's variables, weaker than what app.yaml says. */
  readonly variables: Variables
  /** What app.yaml takes from resources, by the name of the variable. */
  readonly taken: Variables
}

/** Longest that a secret lives that could not be revoked at the end. */
const LIFETIME = '86400s'
const MASKED = '********'

/** The app: with a secret that is made for this run and revoked at its end. */
export async function asApp({ workspace, signal }: CommandContext, name: string): Promise<Identity> {
  const { client } = await workspace()
  const app: App = await client.call(appsRoutes.get, { params: { name } }, signal)
  const { variables } = await client.call(appsRoutes.getEnvironment, { params: { name } }, signal)
  const params = { service_principal_id: String(app.service_principal_id) }
  const made = await client.call(
    servicePrincipalSecretRoutes.create,
    { params, body: { lifetime: LIFETIME } },
    signal,
  )
  const of = (...sources: readonly string[]) =>
    Object.fromEntries(
      variables
        .filter((each) => sources.includes(each.source))
        .map((each) => [each.name, each.value] as const),
    )
  return {
    name,
    clientId: app.service_principal_client_id,
    clientSecret: made.secret,
    variables: of('resource'),
    taken: Object.fromEntries(
      Object.entries(of('app.yaml', 'deployment')).filter(([, value]) => value !== MASKED),
    ),
    async [Symbol.asyncDispose]() {
      await client.call(servicePrincipalSecretRoutes.revoke, { params: { ...params, secret_id: made.id } })
    },
  }
}

/** The person: with the connection of the linked project where the folder is linked to one. */
export async function asPerson(context: CommandContext, name: string): Promise<Identity> {
  const connection = await context.workspace()
  const { tokens, link } = connection
  const variables =
    link === undefined
      ? { DATABRICKS_TOKEN: (await tokens.token()).accessToken }
      : await linkedVariables(context)
  return { name, clientId: '', clientSecret: '', variables, taken: {}, [Symbol.asyncDispose]: async () => {} }
}

async function linkedVariables(context: CommandContext): Promise<Variables> {
  const endpoint = await findEndpoint(context, { project: undefined, branch: undefined, endpoint: undefined })
  const connecting = await connectingTo(context, endpoint, { database: undefined, withPassword: false })
  return {
    ...connectionVariables(connecting),
    ...(await workspaceVariables(await context.workspace(), endpoint)),
  }
}

/** What is said of variables that nothing here gives a value. */
export function missingValues(names: readonly string[], isApp: boolean): Failure {
  const [first = ''] = names
  return new Failure(
    `app.yaml takes ${names.join(', ')} from resources of the app, which are not known here.`,
    {
      todo: isApp
        ? `Secrets are not shown: give them with --env ${first}=….`
        : `Name the app with --as-app, or give the values: --env ${first}=….`,
    },
  )
}
