import { defineCommand } from '../../command/define-command.ts'
import { connectingOptions } from '../../postgres/connecting.ts'
import { findEndpoint, targetOf, targetOptions } from '../../postgres/endpoint-target.ts'
import { FORMATS, formatVariables } from './env-format.ts'
import { environmentOf } from './environment.ts'

export const env = defineCommand({
  path: ['env'],
  summary: 'Print the variables that an app needs to run here as you',
  description:
    'PG… for the database, ENDPOINT_NAME and LAKEBASE_ENDPOINT for its credentials, DATABRICKS_… for the API. With --with-password also PGPASSWORD and DATABASE_URL, for what asks for no credentials: the password of an identity is a token that ends. The output holds your token: treat it like a password.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
  },
  options: {
    ...targetOptions,
    ...connectingOptions,
    format: { value: 'FORMAT', summary: 'how to print them', choices: FORMATS, default: 'sh' },
    shell: { value: 'FORMAT', summary: 'what --format was called', choices: FORMATS, hidden: true },
  },
  examples: [
    { run: 'eval "$(lakelet env)"', does: 'exports them into this shell' },
    { run: 'lakelet env --format json --branch dev', does: 'prints those of a branch as JSON' },
    { run: 'lakelet env --with-password --field PGPASSWORD', does: 'prints a password alone' },
  ],
  async handler(context, { arguments: { target }, options }) {
    const endpoint = await findEndpoint(context, targetOf(target, options))
    const variables = await environmentOf(context, endpoint, options)
    if (context.out.isField) context.out.data(variables)
    else {
      const format = context.out.format === 'json' ? 'json' : (options.shell ?? options.format)
      context.out.raw(formatVariables(variables, format))
    }
  },
})
