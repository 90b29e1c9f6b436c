import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceGetStatus = defineCommand({
  path: ['workspace', 'get-status'],
  summary: 'Show what a workspace path is',
  arguments: { path: { summary: 'absolute path of the object' } },
  async handler({ workspace, out, signal }, { arguments: { path } }) {
    const { client } = await workspace()
    out.data(await client.call(workspaceRoutes.getStatus, { query: { path } }, signal))
  },
})
