import { workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const workspaceList = defineCommand({
  path: ['workspace', 'list'],
  summary: 'List the objects of a workspace folder',
  arguments: { path: { summary: 'absolute path of the folder' } },
  examples: [
    { run: 'lakelet workspace list /Workspace/Users/me@example.com', does: 'lists your own folder' },
  ],
  async handler({ workspace, out, signal }, { arguments: { path } }) {
    const { client } = await workspace()
    const { objects = [] } = await client.call(workspaceRoutes.list, { query: { path } }, signal)
    out.data(objects, {
      header: ['ID', 'Type', 'Language', 'Path'],
      rows: objects.map((each) => [each.object_id, each.object_type, each.language, each.path]),
    })
  },
})
