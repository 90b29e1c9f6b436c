import { defineCommand } from '../../command/define-command.ts'
import { dataDirOf } from '../../config/local-workspace.ts'

export const storageRemove = defineCommand({
  path: ['storage', 'remove'],
  summary: 'Take away the empty disk of a data directory',
  description:
    'Needs root. Refused while anything is on it: nothing that a workspace stored is ever deleted by this. The data directory stays, empty.',
  examples: [
    { run: 'sudo lakelet storage remove --data-dir ~/.lakelet', does: 'unmounts and deletes an empty disk' },
  ],
  async handler({ terminal, out, dataDir: given }) {
    const dataDir = dataDirOf(terminal, given)
    const { removeDisk } = await import('@lakelet/server')
    const { image } = await removeDisk(dataDir)
    out.data(
      { data_dir: dataDir, image },
      { lines: [`Removed ${image}; ${dataDir} is an ordinary directory again.`] },
    )
    out.note('If you put its line into /etc/fstab, take it out.')
  },
})
