import { type App, type AppDeployment, appsRoutes } from '@lakelet/api'
import { z } from 'zod'
import { confirmFields, pageField } from '../fields.ts'
import { ToolError } from '../problem.ts'
import { defineTool, unconfirmed } from '../tool.ts'
import { until } from '../wait.ts'

const appField = z.string().min(1).max(100).describe('Name of the app.')
const DEPLOYMENTS = 5

export const appTools = [
  defineTool({
    name: 'list_apps',
    title: 'List apps',
    description: 'The apps of the workspace: their state, address and source folder.',
    toolset: 'apps',
    effect: 'reads',
    input: z.object({ page: pageField }),
    async run({ client, signal }, { page }) {
      const query = page === undefined ? {} : { page_token: page }
      const { apps = [], next_page_token: next } = await client.call(appsRoutes.list, { query }, signal)
      return {
        text: `Apps: ${apps.length}.`,
        data: { apps: apps.map(shown), next_page_token: next },
        more: next === undefined ? undefined : 'more apps follow, by next_page_token in page',
      }
    },
  }),
  defineTool({
    name: 'get_app',
    title: 'Read an app',
    description: 'One app: state, resources, and its last deployments with how they ended.',
    toolset: 'apps',
    effect: 'reads',
    input: z.object({ app: appField }),
    async run({ client, signal }, { app: name }) {
      const app = await client.call(appsRoutes.get, { params: { name } }, signal)
      const query = { page_size: DEPLOYMENTS }
      const reply = await client.call(appsRoutes.listDeployments, { params: { name }, query }, signal)
      return {
        text: 'The app.',
        data: {
          ...shown(app),
          compute_size: app.compute_size,
          resources: app.resources,
          service_principal: app.service_principal_name,
          deployments: (reply.app_deployments ?? []).slice(0, DEPLOYMENTS).map(deploymentOf),
        },
      }
    },
  }),
  defineTool({
    name: 'app_logs',
    title: 'Logs of an app',
    description: 'The latest lines that an app wrote, or with deployment the build log of a deployment.',
    toolset: 'apps',
    effect: 'reads',
    input: z.object({
      app: appField,
      lines: z.int().min(1).max(1000).default(100),
      deployment: z.string().min(1).max(100).optional().describe('Id of a deployment: its build log.'),
    }),
    async run({ client, signal }, { app: name, lines, deployment }) {
      if (deployment !== undefined) {
        const params = { name, deployment_id: deployment }
        const { log } = await client.call(appsRoutes.getDeploymentLog, { params }, signal)
        const all = log.trimEnd().split('\n')
        return {
          text: 'The end of the build log.',
          data: { lines: all.slice(-lines) },
          more: all.length > lines ? `the log has ${all.length} lines; ask for more with lines` : undefined,
        }
      }
      const query = { tail_lines: lines }
      const { lines: found } = await client.call(appsRoutes.getLogs, { params: { name }, query }, signal)
      return {
        text: 'The latest lines, the oldest first.',
        data: {
          lines: found.map(
            ({ source, timestamp, message }) =>
              `${new Date(timestamp * 1000).toISOString()} ${source} ${message}`,
          ),
        },
      }
    },
  }),
  defineTool({
    name: 'deploy_app',
    title: 'Deploy an app',
    description:
      'Builds an app from its workspace folder and puts it in the place of the version that runs, which goes on serving if that fails. Done in two calls; waits for the end. Files are uploaded before, with lakelet sync.',
    toolset: 'apps',
    effect: 'destroys',
    input: z.object({
      app: appField,
      source_code_path: z
        .string()
        .max(1000)
        .optional()
        .describe('Absolute path of the workspace folder; that of the last deployment when left out.'),
      ...confirmFields,
    }),
    async run(context, input) {
      const { client, signal, progress } = context
      const { app: name, source_code_path: source } = input
      const app = await client.call(appsRoutes.get, { params: { name } }, signal)
      const question = await unconfirmed(context, {
        input,
        would: 'The app would be built and the version that runs would be replaced.',
        data: { ...shown(app), ...(source === undefined ? {} : { source_code_path: source }) },
        state: [app.id, app.active_deployment?.deployment_id ?? ''],
      })
      if (question) return question
      const body = source === undefined ? {} : { source_code_path: source }
      const started = await client.call(appsRoutes.createDeployment, { params: { name }, body }, signal)
      const params = { name, deployment_id: started.deployment_id }
      const ended = await until(
        async () => {
          const now = await client.call(appsRoutes.getDeployment, { params }, signal)
          progress(now.status.message)
          return now.status.state === 'IN_PROGRESS' ? undefined : now
        },
        signal,
        'get_app shows how far it is.',
      )
      if (ended.status.state === 'SUCCEEDED')
        return { text: 'The new version runs.', data: { ...deploymentOf(ended), url: app.url } }
      const { log } = await client.call(appsRoutes.getDeploymentLog, { params }, signal)
      throw new ToolError(
        'The deployment failed; what ran before goes on. The data has the end of its log.',
        {
          ...deploymentOf(ended),
          log: log.trimEnd().split('\n').slice(-40),
        },
      )
    },
  }),
]

function shown({ name, description, url, compute_status: compute, app_status: status, ...app }: App) {
  return {
    app: name,
    description,
    url,
    state: status.state,
    message: status.message,
    compute: compute.state,
    source_code_path: app.active_deployment?.source_code_path ?? app.default_source_code_path,
    active_deployment: app.active_deployment?.deployment_id,
    pending_deployment: app.pending_deployment?.deployment_id,
    update_time: app.update_time,
  }
}

function deploymentOf({
  deployment_id: id,
  status,
  source_code_path: source,
  create_time: time,
}: AppDeployment) {
  return {
    deployment: id,
    state: status.state,
    message: status.message,
    source_code_path: source,
    create_time: time,
  }
}
