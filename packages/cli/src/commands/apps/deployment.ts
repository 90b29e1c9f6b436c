// Waiting for apps and deployments.
import { type App, type AppDeployment, type Client, appsRoutes } from '@lakelet/api'
import { Failure } from '../../command/failure.ts'
import { poll } from '../../command/poll.ts'

interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Waits until the app's compute is in `state`; the states of `failures` end the wait at once. */
export async function waitForCompute(
  client: Client,
  name: string,
  state: App['compute_status']['state'],
  failures: readonly App['compute_status']['state'][],
  wait: Wait,
): Promise<App> {
  return poll(
    async () => {
      const app = await client.call(appsRoutes.get, { params: { name } }, wait.signal)
      if (app.compute_status.state === state) return app
      if (!failures.includes(app.compute_status.state)) return undefined
      throw new Failure(
        `App ${name} is in state ${app.compute_status.state} and will not become ${state}: ${app.compute_status.message}`,
      )
    },
    { what: `App ${name} becoming ${state}`, ...wait },
  )
}

/** Waits until the deployment succeeded; fails with its message otherwise. */
export async function waitForDeployment(
  client: Client,
  name: string,
  started: AppDeployment,
  wait: Wait,
): Promise<AppDeployment> {
  const params = { name, deployment_id: started.deployment_id }
  const ended = await poll(
    async () => {
      const deployment = await client.call(appsRoutes.getDeployment, { params }, wait.signal)
      return deployment.status.state === 'IN_PROGRESS' ? undefined : deployment
    },
    { what: `The deployment of ${name}`, ...wait },
  )
  if (ended.status.state === 'SUCCEEDED') return ended
  const word = ended.status.state === 'CANCELLED' ? 'was cancelled' : 'failed'
  throw new Failure(`The deployment of ${name} ${word}: ${ended.status.message}`, {
    todo: `'lakelet apps logs ${name}' shows what the app wrote.`,
  })
}
