import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsGet = defineCommand({
  path: ['apps', 'get'],
  summary: 'Show an app',
  arguments: { name: { summary: 'name of the app' } },
  examples: [
    { run: 'lakelet apps get my-app', does: 'shows everything about an app' },
    { run: 'lakelet apps get my-app --field url', does: 'prints its address' },
  ],
  async handler({ workspace, out, signal }, { arguments: { name } }) {
    const { client } = await workspace()
    out.data(await client.call(appsRoutes.get, { params: { name } }, signal))
  },
})
