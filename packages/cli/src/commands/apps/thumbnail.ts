// Pictures of apps: verbs of the official CLI that the workspace refuses by itself.
import { appsRoutes } from '@lakelet/api'
import { type Command, defineCommand } from '../../command/define-command.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'

const appArgument = { name: { summary: 'name of the app' } }

export const appsThumbnail: readonly Command[] = [
  defineCommand({
    path: ['apps', 'update-app-thumbnail'],
    summary: 'Refused: apps have no pictures here',
    arguments: appArgument,
    options: { json: jsonOption },
    hidden: true,
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
    summary: 'Refused: apps have no pictures here',
    arguments: appArgument,
    hidden: true,
    async handler({ workspace, out, signal }, { arguments: { name } }) {
      const { client } = await workspace()
      out.data(await client.call(appsRoutes.deleteThumbnail, { params: { name } }, signal))
    },
  }),
]
