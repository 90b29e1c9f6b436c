import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsGetUpdate = defineCommand({
  path: ['apps', 'get-update'],
  summary: 'Show the last update of an app',
  arguments: { appName: { summary: 'name of the app' } },
  examples: [
    { run: 'lakelet apps get-update my-app', does: 'shows what was changed and whether it applies' },
  ],
  async handler({ workspace, out, signal }, { arguments: { appName: name } }) {
    const { client } = await workspace()
    out.data(await client.call(appsRoutes.getUpdate, { params: { name } }, signal))
  },
})
