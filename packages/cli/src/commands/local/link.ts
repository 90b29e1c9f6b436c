import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { isDataDirectory } from '../../config/data-directory.ts'
import { removeLink, writeLink } from '../../config/link.ts'

export const link = defineCommand({
  path: ['link'],
  summary: 'Link this folder to a workspace elsewhere on this machine',
  description:
    'Commands called in the folder or below it then go to that workspace, unless one runs in .lakelet there. The link is kept in .databricks, which no repository takes.',
  options: { remove: { summary: 'take the link away' } },
  examples: [
    { run: 'lakelet link --data-dir ~/shared/.lakelet', does: 'makes that workspace the one of this folder' },
    { run: 'lakelet link --remove', does: 'forgets it' },
  ],
  async handler({ terminal, out, dataDir: given }, { options: { remove } }) {
    if (remove) {
      await removeLink(terminal.cwd)
      out.note(`${terminal.cwd} is linked to no workspace.`)
      return
    }
    if (given === undefined)
      throw usageFailure('Which workspace?', 'Name its data directory with --data-dir.')
    const dataDir = path.resolve(terminal.cwd, given)
    if (!(await isDataDirectory(dataDir)))
      throw usageFailure(
        `${dataDir} is no data directory of a workspace.`,
        `'lakelet up --data-dir ${dataDir}' makes it one.`,
      )
    const file = await writeLink(terminal.cwd, dataDir)
    out.data(
      { file, data_dir: dataDir },
      { lines: [`${terminal.cwd} is linked to the workspace in ${dataDir}.`] },
    )
  },
})
