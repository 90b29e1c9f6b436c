import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsDelete = defineCommand({
  path: ['apps', 'delete'],
  summary: 'Delete an app with its service principal',
  arguments: { name: { summary: 'name of the app' } },
  examples: [
    { run: 'lakelet apps delete my-app', does: 'deletes the app; its source in the workspace stays' },
  ],
  async handler({ workspace, out, signal }, { arguments: { name } }) {
    const { client } = await workspace()
    out.data(await client.call(appsRoutes.delete, { params: { name } }, signal))
  },
})
