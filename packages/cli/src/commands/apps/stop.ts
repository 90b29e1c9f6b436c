import { appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { withProgress } from '../../command/progress.ts'
import { waitForCompute } from './deployment.ts'

export const appsStop = defineCommand({
  path: ['apps', 'stop'],
  summary: 'Stop an app; its deployment stays',
  arguments: { name: { summary: 'name of the app' } },
  options: {
    noWait: { summary: 'do not wait until it has stopped' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [{ run: 'lakelet apps stop my-app', does: 'stops the app' }],
  async handler({ workspace, out, signal, terminal }, { arguments: { name }, options }) {
    const { client } = await workspace()
    const wait = { timeoutMs: options.timeout, signal }
    const app = await withProgress(terminal, `Stopping ${name}`, async () => {
      const asked = await client.call(appsRoutes.stop, { params: { name }, body: {} }, signal)
      return options.noWait ? asked : waitForCompute(client, name, 'STOPPED', ['ERROR'], wait)
    })
    out.data(app)
    out.next(`'lakelet apps start ${name}' starts it again.`)
  },
})
