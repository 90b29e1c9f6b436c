import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { withProgress } from '../../command/progress.ts'
import { nextForApp, waitForCompute } from './deployment.ts'

export const appsStart = defineCommand({
  path: ['apps', 'start'],
  summary: 'Start a stopped app',
  arguments: { name: { summary: 'name of the app' } },
  options: {
    noWait: { summary: 'do not wait until it is active' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [{ run: 'lakelet apps start my-app', does: 'starts the app as it was deployed last' }],
  async handler({ workspace, out, signal, terminal }, { arguments: { name }, options }) {
    const { client } = await workspace()
    const wait = { timeoutMs: options.timeout, signal }
    const app = await withProgress(terminal, `Starting ${name}`, async () => {
      const asked = await client.call(appsRoutes.start, { params: { name }, body: {} }, signal)
      return options.noWait ? asked : waitForCompute(client, name, 'ACTIVE', ['ERROR', 'STOPPED'], wait)
    })
    out.data(app)
    out.next(...nextForApp(app))
  },
})
