import { extensionRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { withProgress } from '../../command/progress.ts'
import { parseCount } from '../../command/durations.ts'

export const extensionInstall = defineCommand({
  path: ['extension', 'install'],
  summary: 'Bring a Postgres extension to this machine, so that it can be created',
  description:
    'Takes it from a Postgres of the same major version that is installed here, or from a package that has it.',
  arguments: { name: { summary: 'name of the extension, such as vector' } },
  options: {
    pgVersion: { value: 'MAJOR', summary: 'major version of Postgres', parse: parseCount },
  },
  examples: [{ run: 'lakelet extension install vector', does: 'makes CREATE EXTENSION vector work' }],
  async handler({ workspace, out, signal, terminal }, { arguments: { name }, options: { pgVersion } }) {
    const { client } = await workspace()
    const body = { name, pg_version: pgVersion }
    const installed = await withProgress(terminal, `Bringing extension ${name}`, () =>
      client.call(extensionRoutes.install, { body }, signal),
    )
    const from = installed.source === undefined ? 'was there already' : `was taken from ${installed.source}`
    out.data(installed, {
      lines: [`${name} ${installed.default_version} ${from}. Use it with: CREATE EXTENSION "${name}"`],
    })
  },
})
