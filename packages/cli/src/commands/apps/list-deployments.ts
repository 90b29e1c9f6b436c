import { type AppDeployment, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsListDeployments = defineCommand({
  path: ['apps', 'list-deployments'],
  summary: 'List the deployments of an app, the newest first',
  arguments: { appName: { summary: 'name of the app' } },
  examples: [{ run: 'lakelet apps list-deployments my-app', does: 'lists what was deployed when' }],
  async handler({ workspace, out, signal }, { arguments: { appName: name } }) {
    const { client } = await workspace()
    const deployments: AppDeployment[] = []
    let token: string | undefined
    do {
      const call = { params: { name }, query: { page_token: token } }
      const page = await client.call(appsRoutes.listDeployments, call, signal)
      deployments.push(...(page.app_deployments ?? []))
      token = page.next_page_token || undefined
    } while (token !== undefined)
    out.data(deployments, {
      header: ['DeploymentId', 'State', 'CreatedAt'],
      rows: deployments.map((each) => [each.deployment_id, each.status.state, each.create_time]),
    })
  },
})
