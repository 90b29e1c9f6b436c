import path from 'node:path'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'

export const restoreCommand = defineCommand({
  path: ['restore'],
  summary: 'Make a data directory of a backup',
  description:
    'Every checksum is compared while it is unpacked; the directory appears when all agree. It must be new or empty. `lakelet branch restore` is something else: it brings back the past of one branch.',
  arguments: { from: { summary: 'the backup, a file or a directory' } },
  examples: [
    {
      run: 'lakelet restore /backup/lakelet.tar.zst --data-dir .lakelet',
      does: 'makes the data directory again; `lakelet up` starts it',
    },
  ],
  async handler({ terminal, out, signal, dataDir: given }, { arguments: { from } }) {
    if (given === undefined)
      throw usageFailure('Name the directory to restore to with --data-dir; it must be new or empty.')
    const dataDir = path.resolve(terminal.cwd, given)
    const { restoreBackup } = await import('@lakelet/server')
    const report = await withProgress(terminal, 'Restoring', () =>
      restoreBackup({ from: path.resolve(terminal.cwd, from), dataDir, signal }),
    )
    out.data(report, {
      lines: [
        `Restored the backup of ${report.create_time} (Lakelet ${report.lakelet}) to ${report.data_dir}: ${report.branches} branches, ${report.snapshots} snapshots, ${report.files} files, ${megabytes(report.bytes)} MB, all as they were.`,
        ...report.notes,
      ],
    })
    out.note(`Start it with: lakelet up --data-dir ${given}`)
  },
})
