import { type CreateAppBody, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'
import { withProgress } from '../../command/progress.ts'
import { nextForApp, waitForCompute } from './deployment.ts'

export const appsCreate = defineCommand({
  path: ['apps', 'create'],
  summary: 'Create an app with its own service principal',
  arguments: { name: { summary: 'name of the app: lower-case letters, digits and hyphens', optional: true } },
  options: {
    description: { value: 'TEXT', summary: 'what the app is for' },
    template: { value: 'TEMPLATE', summary: 'template whose files become the first source of the app' },
    computeSize: { value: 'SIZE', summary: 'size of its compute', choices: ['MEDIUM', 'LARGE', 'XLARGE'] },
    noCompute: { summary: 'create it stopped' },
    json: jsonOption,
    noWait: { summary: 'do not wait until it is active' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [
    {
      run: 'lakelet apps create my-lakebase-app --template notes-flask',
      does: 'creates an app with the files of the notes template',
    },
  ],
  async handler(context, { arguments: { name }, options }) {
    const { workspace, out, signal, terminal } = context
    const { description, template, computeSize, noCompute } = options
    const body: CreateAppBody = {
      ...(await readJsonOption(options.json, context, appsRoutes.create)),
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(computeSize === undefined ? {} : { compute_size: computeSize }),
    }
    if (!body.name)
      throw usageFailure('The app needs a name.', "Give it as 'lakelet apps create NAME' or in --json.")
    const query = { ...(noCompute ? { no_compute: true } : {}), ...(template ? { template } : {}) }
    const { client } = await workspace()
    const app = await withProgress(terminal, `Creating ${body.name}`, async (progress) => {
      const created = await client.call(appsRoutes.create, { query, body }, signal)
      if (options.noWait || noCompute) return created
      progress.say(`Starting the compute of ${created.name}`)
      const wait = { timeoutMs: options.timeout, signal }
      return waitForCompute(client, created.name, 'ACTIVE', ['ERROR', 'STOPPED'], wait)
    })
    out.data(app)
    out.next(...nextForApp(app))
  },
})
