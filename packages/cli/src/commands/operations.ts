import { overviewRoutes } from '@lakelet/api'
import { defineCommand } from '../command/define-command.ts'
import { parseCount } from '../command/durations.ts'

export const operations = defineCommand({
  path: ['operations'],
  summary: 'List what the workspace does and did lately, the newest first',
  options: {
    project: { value: 'PROJECT', summary: 'only of this project' },
    limit: { value: 'N', summary: 'at most so many', default: '20', parse: parseCount },
  },
  examples: [{ run: 'lakelet operations --project my-app-db', does: 'what happened to a project' }],
  async handler({ workspace, out, signal }, { options: { project, limit } }) {
    const { client } = await workspace()
    const query = { page_size: limit, ...(project === undefined ? {} : { project }) }
    const { operations: found = [] } = await client.call(overviewRoutes.listOperations, { query }, signal)
    out.data(found, {
      header: ['Started', 'What', 'Resource', 'State', 'By'],
      rows: found.map((each) => [
        each.create_time,
        each.kind,
        each.resource,
        each.state === 'RUNNING' || each.state === 'UNDOING'
          ? `${each.state} ${each.steps_done}/${each.steps}`
          : `${each.state}${each.error ? `: ${each.error.message}` : ''}`,
        each.started_by ?? '',
      ]),
    })
  },
})
