// Whether the archive in an object store, where there is one, gets what the workspace writes.
import type { CommandContext } from '../command/context.ts'
import { archiveLines, readArchive } from '../commands/archive/status.ts'
import type { LocalWorkspace } from '../config/local-workspace.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/** What waits this long is not on its way any more. */
const LATE_MS = 300_000

export async function objectArchiveFindings(
  context: CommandContext,
  local: LocalWorkspace,
): Promise<Finding[]> {
  const status = await readArchive(context, local)
  if (status.state === 'off') return []
  const found = archiveLines(status)
    .map((line) => line.replace(/^Archive +|^ +/, ''))
    .join('; ')
  const why =
    'What is not in the store is lost with this machine. Log that waits is kept here and takes room.'
  if (status.state === 'failing' || status.state === 'stopped')
    return [problem('object-archive', found, why, 'Mend what it says; the workspace tries again by itself.')]
  const since = status.waiting_since === undefined ? undefined : Date.parse(status.waiting_since)
  if (since !== undefined && Date.now() - since > LATE_MS)
    return [
      note(
        'object-archive',
        found,
        why,
        'Raise archive.megabytesPerSecond or archive.parallel, or see why the store is slow.',
      ),
    ]
  return [ok('object-archive', found)]
}
