import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { waitForCompute } from './deployment.ts'

export const appsStart = defineCommand({
  path: ['apps', 'start'],
  summary: 'Start a stopped app',
  arguments: { name: { summary: 'name of the app' } },
  options: {
    noWait: { summary: 'do not wait until it is active' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [{ run: 'lakelet apps start my-app', does: 'starts the app as it was deployed last' }],
  async handler({ workspace, out, signal }, { arguments: { name }, options }) {
    const { client } = await workspace()
    const app = await client.call(appsRoutes.start, { params: { name }, body: {} }, signal)
    const wait = { timeoutMs: options.timeout, signal }
    out.data(options.noWait ? app : await waitForCompute(client, name, 'ACTIVE', ['ERROR', 'STOPPED'], wait))
  },
})
