import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsGetDeployment = defineCommand({
  path: ['apps', 'get-deployment'],
  summary: 'Show a deployment of an app',
  arguments: {
    appName: { summary: 'name of the app' },
    deploymentId: { summary: 'id of the deployment' },
  },
  examples: [{ run: 'lakelet apps get-deployment my-app 01f0c1d2e3f4', does: 'shows how a deployment went' }],
  async handler({ workspace, out, signal }, { arguments: { appName: name, deploymentId } }) {
    const { client } = await workspace()
    const params = { name, deployment_id: deploymentId }
    out.data(await client.call(appsRoutes.getDeployment, { params }, signal))
  },
})
