import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceGetStatus = defineCommand({
  path: ['workspace', 'get-status'],
  summary: 'Show what a workspace path is',
  arguments: { path: { summary: 'absolute path of the object' } },
  examples: [
    {
      run: 'lakelet workspace get-status /Workspace/Users/me@example.com/my-app',
      does: 'shows what is there',
    },
  ],
  async handler({ workspace, out, signal }, { arguments: { path } }) {
    const { client } = await workspace()
    out.data(await client.call(workspaceRoutes.getStatus, { query: { path } }, signal))
  },
})
