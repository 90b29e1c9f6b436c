import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import { dataDirOf } from '../../config/local-workspace.ts'

/** How an archive is reached, where the settings of a data directory do not say it. */
export const ARCHIVE_OPTIONS = {
  endpoint: { value: 'URL', summary: 'address of a store that is not AWS’ own' },
  region: { value: 'NAME', summary: 'region of the bucket' },
  passphraseFile: { value: 'FILE', summary: 'a file with the passphrase in its first line' },
} as const

export const archiveVerify = defineCommand({
  path: ['archive', 'verify'],
  summary: 'Read an archive in an object store back, and compare all of it',
  description:
    'Each object is decrypted and must be what was written under its name, and the log of each branch must be whole from its first base on. Nothing is changed. The exit code is 1 where anything is wrong.',
  options: {
    from: { value: 'URL', summary: 's3://bucket/prefix; as in lakelet.toml when left out' },
    ...ARCHIVE_OPTIONS,
  },
  examples: [{ run: 'lakelet archive verify', does: 'reads all of it, which takes as long as a restore' }],
  async handler({ terminal, out, signal, dataDir: given }, { options }) {
    const dataDir = dataDirOf(terminal, given)
    const { verifyObjects } = await import('@lakelet/server')
    const report = await withProgress(terminal, 'Reading the archive', (progress) =>
      verifyObjects({ ...options, dataDir, signal, onProgress: (what) => progress.say(`Reading ${what}`) }),
    )
    const { branches, segments, bases, states, chunks, bytes, problems } = report
    out.data(report, {
      lines: [
        `Workspace ${report.workspace_id}: ${branches} branches, ${bases} bases, ${segments} files of log, ${states} states, ${chunks} chunks, ${megabytes(bytes)} MB.`,
        ...problems,
      ],
    })
    if (problems.length > 0) throw new Failure(`${problems.length} things are wrong with the archive.`)
    out.note('All of it is as it was written.')
  },
})

export const archiveTakeOver = defineCommand({
  path: ['archive', 'take-over'],
  summary: 'Let this copy of a workspace write to its archive, and no other copy any more',
  description:
    'After `lakelet restore --from s3://…`, where the machine that wrote to the archive is gone for good. A workspace that still runs there stops writing to the archive, and says so; nothing that it wrote is lost.',
  examples: [
    {
      run: 'lakelet archive take-over --data-dir .lakelet',
      does: 'within a minute, the workspace goes on there',
    },
  ],
  async handler({ terminal, out, signal, dataDir: given }) {
    const dataDir = dataDirOf(terminal, given)
    const { takeOverObjects } = await import('@lakelet/server')
    const { url } = await takeOverObjects({ dataDir, signal })
    out.data({ url, data_dir: dataDir }, { lines: [`${dataDir} writes to ${url} from now on.`] })
  },
})
