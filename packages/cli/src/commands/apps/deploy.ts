import { type CreateDeploymentBody, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'
import { withProgress } from '../../command/progress.ts'
import { nextForApp, waitForDeployment } from './deployment.ts'

export const appsDeploy = defineCommand({
  path: ['apps', 'deploy'],
  summary: 'Deploy an app from a workspace folder',
  description:
    'Nothing is uploaded: run `lakelet sync` first. Without --source-code-path the folder of the last deployment is used.',
  arguments: { appName: { summary: 'name of the app' } },
  options: {
    sourceCodePath: { value: 'PATH', summary: 'absolute path of the workspace folder with the source' },
    mode: { value: 'MODE', summary: 'how the source is taken', choices: ['SNAPSHOT', 'AUTO_SYNC'] },
    json: jsonOption,
    noWait: { summary: 'do not wait until the new version runs' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [
    {
      run: 'lakelet apps deploy my-app --source-code-path /Workspace/Users/me@example.com/my-app',
      does: 'builds and starts what was synced there',
    },
  ],
  async handler(context, { arguments: { appName: name }, options }) {
    const { workspace, out, signal, terminal } = context
    const { sourceCodePath, mode } = options
    const body: CreateDeploymentBody = {
      ...(await readJsonOption(options.json, context, appsRoutes.createDeployment)),
      ...(sourceCodePath === undefined ? {} : { source_code_path: sourceCodePath }),
      ...(mode === undefined ? {} : { mode }),
    }
    const { client } = await workspace()
    const deployment = await withProgress(terminal, `Deploying ${name}`, async (progress) => {
      const started = await client.call(appsRoutes.createDeployment, { params: { name }, body }, signal)
      if (options.noWait) return started
      return waitForDeployment(client, name, started, { timeoutMs: options.timeout, signal, progress })
    })
    out.data(deployment)
    if (!options.noWait && terminal.isInteractive) {
      out.next(...nextForApp(await client.call(appsRoutes.get, { params: { name } }, signal)))
    }
  },
})
