import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { withProgress } from '../../command/progress.ts'

export const appsDelete = defineCommand({
  path: ['apps', 'delete'],
  summary: 'Delete an app with its service principal',
  arguments: { name: { summary: 'name of the app' } },
  examples: [
    { run: 'lakelet apps delete my-app', does: 'deletes the app; its source in the workspace stays' },
  ],
  async handler({ workspace, out, signal, terminal }, { arguments: { name } }) {
    const { client } = await workspace()
    const call = () => client.call(appsRoutes.delete, { params: { name } }, signal)
    out.data(await withProgress(terminal, `Deleting ${name}`, call))
  },
})
