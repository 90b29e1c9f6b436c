import { extensionRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseCount } from '../../command/durations.ts'

export const extensionList = defineCommand({
  path: ['extension', 'list'],
  summary: 'List the Postgres extensions that can be created',
  options: {
    pgVersion: { value: 'MAJOR', summary: 'major version of Postgres', parse: parseCount },
  },
  examples: [{ run: 'lakelet extension list', does: 'lists what CREATE EXTENSION takes' }],
  async handler({ workspace, out, signal }, { options: { pgVersion } }) {
    const { client } = await workspace()
    const query = { pg_version: pgVersion }
    const { extensions } = await client.call(extensionRoutes.list, { query }, signal)
    out.data(extensions, {
      header: ['Name', 'Version', 'Creatable by', 'Comment'],
      rows: extensions.map((each) => [
        each.name,
        each.default_version,
        each.trusted ? 'users' : 'nobody',
        each.comment,
      ]),
    })
  },
})
