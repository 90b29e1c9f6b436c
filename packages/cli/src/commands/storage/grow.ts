import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { parseSize, sizeText } from '../../command/sizes.ts'
import { dataDirOf } from '../../config/local-workspace.ts'

export const storageGrow = defineCommand({
  path: ['storage', 'grow'],
  summary: 'Make the disk of a data directory larger, while the workspace runs',
  description: 'Needs root. A disk never becomes smaller.',
  options: { size: { value: 'SIZE', summary: 'how large it may become, such as 50G', parse: parseSize } },
  examples: [{ run: 'sudo lakelet storage grow --size 50G', does: 'lets it grow to 50 GB' }],
  async handler({ terminal, out, dataDir: given }, { options: { size } }) {
    if (size === undefined) throw usageFailure('How large?', 'Say it with --size, such as --size 50G.')
    const dataDir = dataDirOf(terminal, given)
    const { diskStatus, growDisk } = await import('@lakelet/server')
    await growDisk(dataDir, size)
    const disk = await diskStatus(dataDir)
    out.data(
      { data_dir: dataDir, size_bytes: disk?.size, free_bytes: disk?.free },
      {
        lines: [
          `The disk of ${dataDir} may grow to ${sizeText(size)}, ${sizeText(disk?.free ?? 0)} of it free.`,
        ],
      },
    )
  },
})
