import { type App, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseCount } from '../../command/durations.ts'

export const appsList = defineCommand({
  path: ['apps', 'list'],
  summary: 'List the apps of the workspace',
  options: {
    pageSize: { value: 'COUNT', summary: 'how many to ask for at a time', parse: parseCount },
    limit: { value: 'COUNT', summary: 'how many to print at most', parse: parseCount },
  },
  examples: [{ run: 'lakelet apps list', does: 'lists the apps with their addresses' }],
  async handler({ workspace, out, signal }, { options: { pageSize, limit = Infinity } }) {
    const { client } = await workspace()
    const apps: App[] = []
    let token: string | undefined
    do {
      const query = { page_size: pageSize, page_token: token }
      const page = await client.call(appsRoutes.list, { query }, signal)
      apps.push(...(page.apps ?? []))
      token = page.next_page_token || undefined
    } while (token !== undefined && apps.length < limit)
    const shown = apps.slice(0, limit)
    out.data(shown, {
      header: ['Name', 'Url', 'ComputeStatus', 'DeploymentStatus'],
      rows: shown.map((app) => [
        app.name,
        app.url,
        app.compute_status.state,
        app.active_deployment?.status.state,
      ]),
    })
  },
})
