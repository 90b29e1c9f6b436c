import { defineCommand } from '../../command/define-command.ts'
import { dataDirOf } from '../../config/local-workspace.ts'
import { diskData, diskLines, roomNote } from './disk-text.ts'

export const storageStatus = defineCommand({
  path: ['storage', 'status'],
  summary: 'Show the disk of a data directory: its size, whether it is mounted, and how it is',
  description:
    'A data directory without one lies on the file system of the machine, which `lakelet doctor` looks at.',
  examples: [
    { run: 'lakelet storage status', does: 'shows what `lakelet storage init` made' },
    { run: 'lakelet storage status --field fstab_line', does: 'prints the line for /etc/fstab' },
  ],
  async handler({ terminal, out, dataDir: given }) {
    const dataDir = dataDirOf(terminal, given)
    const { diskStatus } = await import('@lakelet/server')
    const disk = await diskStatus(dataDir)
    if (!disk) {
      out.data(
        { data_dir: dataDir, mounted: false },
        { lines: [`${dataDir} has no disk of its own: it is on the file system of the machine.`] },
      )
      out.note(
        "'lakelet doctor' says whether branches share blocks there; 'sudo lakelet storage init' makes a disk.",
      )
      return
    }
    out.data(diskData(dataDir, disk), { lines: diskLines(dataDir, disk) })
    const note = roomNote(disk)
    if (note !== undefined) out.note(note)
  },
})
