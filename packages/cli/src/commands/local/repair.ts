import { existsSync } from 'node:fs'
import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import { Failure, exitCodes } from '../../command/failure.ts'
import { dataDirOf } from '../../config/local-workspace.ts'

export const repair = defineCommand({
  path: ['repair'],
  summary: 'Make the metadata of a stopped workspace agree with the branches on disk',
  description:
    'For metadata that is missing, damaged, older than the branches or of another workspace: restores its newest good backup, then makes known again what the manifests of the branches say. Nothing is deleted: what is replaced goes to the trash folder of the data directory. Repairing again does nothing.',
  options: {
    from: { value: 'FILE', summary: 'the metadata backup to restore; the newest good one when left out' },
    dryRun: { summary: 'only say what would be done' },
  },
  examples: [
    { run: 'lakelet repair --dry-run', does: 'says what a repair would do' },
    {
      run: 'lakelet repair --from .lakelet/backups/metadata-20260131T120000000Z.sqlite',
      does: 'goes back to a backup, keeping newer branches',
    },
  ],
  async handler({ terminal, out, dataDir: given }, { options }) {
    const dataDir = dataDirOf(terminal, given)
    if (!existsSync(dataDir))
      throw new Failure(`There is no data directory ${dataDir}.`, {
        exitCode: exitCodes.notFound,
        todo: 'Name it with --data-dir.',
      })
    const from = options.from === undefined ? undefined : path.resolve(terminal.cwd, options.from)
    const { repairDataDirectory } = await import('@lakelet/server')
    const { done, warnings } = await repairDataDirectory({ dataDir, from, dryRun: options.dryRun })
    const summary =
      done.length === 0 ? 'Nothing to repair.' : options.dryRun ? 'A repair would have:' : 'Repaired:'
    out.data(
      { data_dir: dataDir, dry_run: options.dryRun, done, warnings },
      { lines: [summary, ...done.map((each) => `  ${each}`), ...warnings.map((each) => `Note: ${each}`)] },
    )
  },
})
