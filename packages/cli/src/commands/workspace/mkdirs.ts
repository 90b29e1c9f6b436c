import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceMkdirs = defineCommand({
  path: ['workspace', 'mkdirs'],
  summary: 'Create a workspace folder and its parents',
  arguments: { path: { summary: 'absolute path of the folder' } },
  examples: [
    { run: 'lakelet workspace mkdirs /Workspace/Users/me@example.com/my-app', does: 'makes a folder' },
  ],
  async handler({ workspace, signal }, { arguments: { path } }) {
    const { client } = await workspace()
    await client.call(workspaceRoutes.mkdirs, { body: { path } }, signal)
  },
})
