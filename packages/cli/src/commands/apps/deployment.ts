// Waiting for apps and deployments.
import { ApiError, type App, type AppDeployment, type Client, appsRoutes } from '@lakelet/api'
import { Failure } from '../../command/failure.ts'
import { poll } from '../../command/poll.ts'
import type { Progress } from '../../command/progress.ts'

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
    {
      what: `App ${name} becoming ${state}`,
      goesOn: `'lakelet apps get ${name}' shows how far it is.`,
      ...wait,
    },
  )
}

/** Waits until the deployment succeeded; fails with its message otherwise. */
export async function waitForDeployment(
  client: Client,
  name: string,
  started: AppDeployment,
  wait: Wait & { readonly progress?: Progress },
): Promise<AppDeployment> {
  const params = { name, deployment_id: started.deployment_id }
  const ended = await poll(
    async () => {
      const deployment = await client.call(appsRoutes.getDeployment, { params }, wait.signal)
      if (deployment.status.state !== 'IN_PROGRESS') return deployment
      if (wait.progress?.showsDetail) wait.progress.detail(await latestLine(client, params, wait.signal))
      return undefined
    },
    {
      what: `The deployment of ${name}`,
      goesOn: `'lakelet apps get-deployment ${name} ${started.deployment_id}' shows how far it is.`,
      timeoutMs: wait.timeoutMs,
      signal: wait.signal,
    },
  )
  if (ended.status.state === 'SUCCEEDED') return ended
  const word = ended.status.state === 'CANCELLED' ? 'was cancelled' : 'failed'
  throw new Failure(`The deployment of ${name} ${word}: ${ended.status.message}`, {
    todo: `'lakelet apps logs ${name}' shows what the app wrote.`,
  })
}

/** The last line of the build log, for a person who waits; another service than Lakelet has none. */
async function latestLine(
  client: Client,
  params: { readonly name: string; readonly deployment_id: string },
  signal: AbortSignal,
): Promise<string> {
  try {
    const { log } = await client.call(appsRoutes.getDeploymentLog, { params }, signal)
    return log.trimEnd().split('\n').at(-1) ?? ''
  } catch (error) {
    if (error instanceof ApiError) return ''
    throw error
  }
}

/** Where the app is and what may follow, for the end of a command. */
export function nextForApp({ name, url, active_deployment: active }: App): readonly string[] {
  return active
    ? [
        `${name} runs at ${url}`,
        `'lakelet open ${name}' shows it, 'lakelet apps logs ${name} -f' follows its log.`,
      ]
    : [
        `${name} will be at ${url}`,
        `'lakelet sync . /Workspace/Users/<you>/${name}' and 'lakelet apps deploy ${name} --source-code-path …' bring it to life.`,
      ]
}
