import { type AppUpdate, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { Failure } from '../../command/failure.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'
import { poll } from '../../command/poll.ts'

export const appsCreateUpdate = defineCommand({
  path: ['apps', 'create-update'],
  summary: 'Update the named fields of an app and wait until they apply',
  arguments: {
    appName: { summary: 'name of the app' },
    updateMask: { summary: 'fields to change, separated by commas, such as description,resources' },
  },
  options: {
    json: jsonOption,
    noWait: { summary: 'do not wait until they apply' },
    timeout: { value: 'DURATION', summary: 'how long to wait', default: '20m', parse: parseDuration },
  },
  examples: [
    {
      run: `lakelet apps create-update my-app description --json '{"app": {"description": "Notes"}}'`,
      does: 'changes the description',
    },
  ],
  async handler(context, { arguments: { appName: name, updateMask }, options }) {
    const { workspace, out, signal } = context
    const body = {
      ...(await readJsonOption(options.json, context, appsRoutes.createUpdate)),
      update_mask: updateMask,
    }
    const { client } = await workspace()
    const params = { name }
    const started = await client.call(appsRoutes.createUpdate, { params, body }, signal)
    if (options.noWait) {
      out.data(started)
      return
    }
    const ended = await poll<AppUpdate>(
      async () => {
        const update = await client.call(appsRoutes.getUpdate, { params }, signal)
        return update.status.state === 'IN_PROGRESS' ? undefined : update
      },
      {
        what: `The update of app ${name}`,
        goesOn: `'lakelet apps get-update ${name}' shows how far it is.`,
        timeoutMs: options.timeout,
        signal,
      },
    )
    if (ended.status.state === 'FAILED') {
      throw new Failure(`The update of app ${name} failed: ${ended.status.message ?? 'without a reason'}`)
    }
    out.data(ended)
  },
})
