import { objectArchiveRoutes, type ObjectArchiveStatusView } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { sizeText } from '../../command/sizes.ts'
import type { LocalWorkspace } from '../../config/local-workspace.ts'
import { requireLocalWorkspace } from '../../config/resolve.ts'
import { ownersClient } from '../../config/owners-client.ts'

export const archiveStatus = defineCommand({
  path: ['archive', 'status'],
  summary: 'Show how far the archive of the workspace in an object store is',
  examples: [
    { run: 'lakelet archive status', does: 'shows what is not there yet, and since when' },
    { run: 'lakelet archive status --field synced_time', does: 'prints as of when all is there' },
  ],
  async handler(context) {
    const status = await readArchive(context, await requireLocalWorkspace(context.terminal, context))
    context.out.data(status, { lines: archiveLines(status) })
  },
})

export const archiveSync = defineCommand({
  path: ['archive', 'sync'],
  summary: 'Send all that was committed so far to the object store, and wait until it is there',
  examples: [{ run: 'lakelet archive sync', does: 'before this machine is switched off for good' }],
  async handler(context) {
    const local = await requireLocalWorkspace(context.terminal, context)
    const client = await ownersClient(context.terminal, local)
    const status = await client.call(objectArchiveRoutes.syncObjectArchive, {}, context.signal)
    context.out.data(status, { lines: archiveLines(status) })
  },
})

export async function readArchive(
  context: CommandContext,
  local: LocalWorkspace,
): Promise<ObjectArchiveStatusView> {
  const client = await ownersClient(context.terminal, local)
  return client.call(objectArchiveRoutes.getObjectArchive, {}, context.signal)
}

/** For people; `lakelet status` and `lakelet doctor` say the same. */
export function archiveLines(status: ObjectArchiveStatusView): string[] {
  const { url, state, problem, synced_time: synced, has_gap: hasGap } = status
  if (url === undefined) return ['No archive in an object store: archive.url is not set.']
  return [
    `Archive     ${url}: ${state}${synced === undefined ? '' : `, all by ${synced} is there`}`,
    ...waitingLines(status),
    ...(problem ? [`            since ${problem.since}: ${problem.message}`] : []),
    ...(hasGap ? ['            log was forgotten that the store never got; later bases lead on'] : []),
  ]
}

function waitingLines({
  waiting_files: files,
  waiting_bytes: bytes,
  waiting_since: since,
}: ObjectArchiveStatusView): string[] {
  if (files === 0) return []
  return [
    `            ${files} files (${sizeText(bytes)}) wait${since === undefined ? '' : ` since ${since}`}`,
  ]
}
