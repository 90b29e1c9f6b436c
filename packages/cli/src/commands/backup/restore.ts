import path from 'node:path'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { parseTime } from '../../postgres/moment.ts'
import { ARCHIVE_OPTIONS } from '../archive/verify.ts'
import { restoreFromArchive } from './restore-archive.ts'

export const restoreCommand = defineCommand({
  path: ['restore'],
  summary: 'Make a data directory of a backup, or of an archive in an object store',
  description:
    'Every checksum is compared while it is unpacked; the directory appears when all agree. It must be new or empty. With --from s3://bucket/prefix it is made of an archive, as all was at the time --at, or as far as the archive leads. `lakelet branch restore` is something else: it brings back the past of one branch.',
  arguments: { backup: { summary: 'the backup, a file or a directory', optional: true } },
  options: {
    from: { value: 'URL', summary: 'an archive instead of a backup: s3://bucket/prefix' },
    at: { value: 'TIME', summary: 'with --from: the time to go back to, with a zone', parse: parseTime },
    ...ARCHIVE_OPTIONS,
  },
  examples: [
    {
      run: 'lakelet restore /backup/lakelet.tar.zst --data-dir .lakelet',
      does: 'makes the data directory again; `lakelet up` starts it',
    },
    {
      run: 'lakelet restore --from s3://backups/lakelet --passphrase-file secret --data-dir .lakelet',
      does: 'makes it of an archive, on a machine that has nothing of it',
    },
  ],
  async handler(context, { arguments: { backup }, options }) {
    const { terminal, out, signal, dataDir: given } = context
    if (given === undefined)
      throw usageFailure('Name the directory to restore to with --data-dir; it must be new or empty.')
    const dataDir = path.resolve(terminal.cwd, given)
    const archive = options.from ?? (backup?.startsWith('s3://') ? backup : undefined)
    if (archive !== undefined) {
      const { at, endpoint, region, passphraseFile } = options
      const file = passphraseFile === undefined ? undefined : path.resolve(terminal.cwd, passphraseFile)
      await restoreFromArchive(context, {
        from: archive,
        dataDir,
        at,
        endpoint,
        region,
        passphraseFile: file,
      })
      out.note(`Start it with: lakelet up --data-dir ${given}`)
      return
    }
    if (backup === undefined)
      throw usageFailure('Name a backup, or an archive with --from s3://bucket/prefix.')
    if (options.at !== undefined)
      throw usageFailure('A backup is of one moment: --at goes with --from s3://bucket/prefix.')
    const { restoreBackup } = await import('@lakelet/server')
    const report = await withProgress(terminal, 'Restoring', () =>
      restoreBackup({ from: path.resolve(terminal.cwd, backup), dataDir, signal }),
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
