// Pictures of apps.
import { appsRoutes } from '@lakelet/api'
import { type Command, defineCommand } from '../../command/define-command.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'

const appArgument = { name: { summary: 'name of the app' } }

export const appsThumbnail: readonly Command[] = [
  defineCommand({
    path: ['apps', 'update-app-thumbnail'],
    summary: 'Set the picture of an app',
    arguments: appArgument,
    options: { json: jsonOption },
    examples: [
      {
        run: `lakelet apps update-app-thumbnail my-app --json '{"app_thumbnail":{"thumbnail":"iVBORw0K…"}}'`,
        does: 'sets a picture, in base64',
      },
    ],
    async handler(context, { arguments: { name }, options }) {
      const body = await readJsonOption(options.json, context, appsRoutes.updateThumbnail)
      const { client } = await context.workspace()
      context.out.data(
        await client.call(appsRoutes.updateThumbnail, { params: { name }, body }, context.signal),
      )
    },
  }),
  defineCommand({
    path: ['apps', 'delete-app-thumbnail'],
    summary: 'Remove the picture of an app',
    arguments: appArgument,
    examples: [{ run: 'lakelet apps delete-app-thumbnail my-app', does: 'removes it' }],
    async handler({ workspace, out, signal }, { arguments: { name } }) {
      const { client } = await workspace()
      out.data(await client.call(appsRoutes.deleteThumbnail, { params: { name } }, signal))
    },
  }),
]
