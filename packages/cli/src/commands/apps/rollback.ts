import { type AppDeployment, type Client, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { Failure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { waitForDeployment } from './deployment.ts'

export const appsRollback = defineCommand({
  path: ['apps', 'rollback'],
  summary: 'Go back to an earlier deployment of an app',
  description:
    'What that deployment was made of is deployed again, with its command, its variables and its health check. Without an id it is the last one that succeeded before the one that serves.',
  arguments: {
    appName: { summary: 'name of the app' },
    deploymentId: { summary: 'id of the deployment', optional: true },
  },
  options: {
    noWait: { summary: 'do not wait until it runs' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [{ run: 'lakelet apps rollback my-app', does: 'brings the version before back' }],
  async handler(
    { workspace, out, signal, terminal },
    { arguments: { appName: name, deploymentId }, options },
  ) {
    const { client } = await workspace()
    const id = deploymentId ?? (await idBefore(client, name, signal))
    const params = { name, deployment_id: id }
    const deployment = await withProgress(terminal, `Going back to ${id}`, async (progress) => {
      const started = await client.call(appsRoutes.rollBack, { params, body: {} }, signal)
      if (options.noWait) return started
      return waitForDeployment(client, name, started, { timeoutMs: options.timeout, signal, progress })
    })
    out.data(deployment)
  },
})

/** The deployment that served before the one that serves. */
async function idBefore(client: Client, name: string, signal: AbortSignal): Promise<string> {
  const { active_deployment: active } = await client.call(appsRoutes.get, { params: { name } }, signal)
  const { app_deployments: all = [] } = await client.call(
    appsRoutes.listDeployments,
    { params: { name } },
    signal,
  )
  const serving = all.findIndex((each) => each.deployment_id === active?.deployment_id)
  const before = all.slice(serving + 1).find((each: AppDeployment) => each.status.state === 'SUCCEEDED')
  if (serving !== -1 && before) return before.deployment_id
  throw new Failure(`There is no deployment of ${name} before the one that serves.`, {
    todo: `'lakelet apps list-deployments ${name}' lists them.`,
  })
}
