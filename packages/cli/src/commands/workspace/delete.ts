import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceDelete = defineCommand({
  path: ['workspace', 'delete'],
  summary: 'Delete a workspace object',
  arguments: { path: { summary: 'absolute path of the object' } },
  options: { recursive: { summary: 'delete a folder with everything in it' } },
  examples: [
    {
      run: 'lakelet workspace delete --recursive /Workspace/Users/me@example.com/old',
      does: 'deletes a folder',
    },
  ],
  async handler({ workspace, signal }, { arguments: { path }, options: { recursive } }) {
    const { client } = await workspace()
    await client.call(workspaceRoutes.delete, { body: { path, recursive } }, signal)
  },
})
