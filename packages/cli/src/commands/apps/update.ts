import { type UpdateAppBody, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'

export const appsUpdate = defineCommand({
  path: ['apps', 'update'],
  summary: 'Change the description, size or resources of an app',
  description: 'Only what is given changes; a list such as the resources is replaced as a whole.',
  arguments: { name: { summary: 'name of the app' } },
  options: {
    description: { value: 'TEXT', summary: 'what the app is for' },
    computeSize: { value: 'SIZE', summary: 'size of its compute', choices: ['MEDIUM', 'LARGE', 'XLARGE'] },
    json: jsonOption,
  },
  examples: [
    { run: "lakelet apps update my-app --description 'Notes of the team'", does: 'describes the app' },
    {
      run: 'lakelet apps update my-app --json @app.json',
      does: 'takes the changes from a file, resources among them',
    },
  ],
  async handler(context, { arguments: { name }, options }) {
    const { workspace, out, signal } = context
    const { description, computeSize } = options
    const body: UpdateAppBody = {
      ...(await readJsonOption(options.json, context, appsRoutes.update)),
      ...(description === undefined ? {} : { description }),
      ...(computeSize === undefined ? {} : { compute_size: computeSize }),
    }
    const { client } = await workspace()
    out.data(await client.call(appsRoutes.update, { params: { name }, body }, signal))
  },
})
