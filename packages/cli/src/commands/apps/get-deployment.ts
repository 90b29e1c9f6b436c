import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'

export const appsGetDeployment = defineCommand({
  path: ['apps', 'get-deployment'],
  summary: 'Show a deployment of an app',
  arguments: {
    appName: { summary: 'name of the app' },
    deploymentId: { summary: 'id of the deployment' },
  },
  async handler({ workspace, out, signal }, { arguments: { appName: name, deploymentId } }) {
    const { client } = await workspace()
    const params = { name, deployment_id: deploymentId }
    out.data(await client.call(appsRoutes.getDeployment, { params }, signal))
  },
})
