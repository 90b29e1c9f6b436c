import { postgresUrl } from '@lakelet/api'
import { defineCommand } from '../command/define-command.ts'
import { type Connecting, connectingOptions, connectingTo } from '../postgres/connecting.ts'
import { findEndpoint } from '../postgres/endpoint-target.ts'
import { branchOrDefault, namedBranch, projectOption } from './branch/branch-target.ts'

export const connectionStringCommand = defineCommand({
  path: ['connection-string'],
  summary: 'Print the URL by which psql, drivers and tools connect to a branch',
  description:
    'Without --with-password it holds no secret, and PGPASSWORD has to. The URL leads to one endpoint also where host names of endpoints do not resolve on this machine.',
  arguments: { branch: branchOrDefault },
  options: {
    project: projectOption,
    endpoint: { value: 'ENDPOINT', summary: 'id of the endpoint; the read-write one when left out' },
    ...connectingOptions,
    pooled: {
      summary: 'to the pools of the endpoint: a backend for each transaction, shared by many clients',
    },
  },
  examples: [
    { run: 'psql "$(lakelet connection-string dev --with-password)"', does: 'opens psql in branch dev' },
    { run: 'lakelet connection-string --role app', does: 'prints the URL of another role' },
  ],
  async handler(context, { arguments: { branch }, options }) {
    const named = { ...namedBranch(branch, options.project), endpoint: options.endpoint }
    const connecting = await connectingTo(context, await findEndpoint(context, named), options)
    const url = postgresUrl(connecting)
    const { host, port, user, database, password, endpoint } = connecting
    const data = { connection_string: url, host, port, database, role: user, endpoint: endpoint.name }
    context.out.data({ ...data, ...(password === undefined ? {} : { password }) }, { lines: [url] })
    if (password === undefined) context.out.note(passwordHint(connecting))
  },
})

/** How whoever uses the URL comes to the password that it does not hold. */
function passwordHint({ takesToken, user }: Connecting): string {
  return takesToken
    ? `The URL holds no password. That of "${user}" is a token: --with-password puts one in, PGPASSWORD=$(lakelet env --with-password --field PGPASSWORD) keeps it out of the URL, --role names another role.`
    : `The URL holds no password: PGPASSWORD or --with-password gives that of role "${user}".`
}
