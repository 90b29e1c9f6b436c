// `lakelet restore` from an object store.
import type { CommandContext } from '../../command/context.ts'
import { withProgress } from '../../command/progress.ts'

export async function restoreFromArchive(
  { terminal, out, signal }: CommandContext,
  place: {
    readonly from: string
    readonly dataDir: string
    readonly at: string | undefined
    readonly endpoint: string | undefined
    readonly region: string | undefined
    readonly passphraseFile: string | undefined
  },
): Promise<void> {
  const { restoreFromObjects } = await import('@lakelet/server')
  const report = await withProgress(terminal, 'Restoring', (progress) =>
    restoreFromObjects({ ...place, signal, onProgress: (what) => progress.say(`Restoring ${what}`) }),
  )
  out.data(report, {
    lines: [
      `Restored workspace ${report.workspace_id} (Lakelet ${report.lakelet}) to ${report.data_dir}: projects, people, keys and files as of ${report.state_time}, ${report.branches.length} branches, ${report.snapshots} snapshots.`,
      ...report.branches.map(
        ({ name, last_commit: last, lsn }) =>
          `${name}: ${last === undefined ? 'nothing was committed since its base' : `the last commit is of ${last}`} (${lsn})`,
      ),
      ...report.notes,
    ],
  })
}
