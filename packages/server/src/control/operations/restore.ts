// Restoring a branch in place: what it was at a moment of its past takes the place of what it is, which becomes a branch of its own.
import type { Branch } from '@lakelet/api'
import { deleteBranchRow, findBranchByUid, updateBranch } from '../../metadata/branches.ts'
import { exchangeCatalogs } from '../../metadata/exchange-catalogs.ts'
import type { Queries } from '../../metadata/database.ts'
import { listEndpoints } from '../../metadata/endpoints.ts'
import type { OperationKind, OperationRun, Step } from '../../operations/operation-kind.ts'
import type { PastMoment } from '../../storage/index.ts'
import type { ControlParts } from '../context.ts'
import { writeManifestOf } from '../reconcilers/write-manifests.ts'
import { endOfLog } from '../rules/past-moment.ts'
import { anyBranch } from '../rules/resolve.ts'
import { partsOfBranch, viewBranch } from '../views/branch.ts'
import { cloneColumns, cloneMoment, cloneSnapshot } from './clone-branch.ts'
import { giveCatalog } from './snapshot-catalog.ts'

/** What takes the place of the branch: a moment of its own past, or a snapshot. */
export type RestoredPast = PastMoment | { readonly snapshotUid: string }

export interface RestoreBranch {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  /** The branch that what is replaced becomes. */
  readonly backupUid: string
  readonly backupEndpointUid: string
  readonly past: RestoredPast
}

/**
 * The past is recovered under the uid of the backup while the branch serves on; then both exchange their directories, for which the
 * compute stops a moment.
 */
export function restoreBranch(context: ControlParts): OperationKind<RestoreBranch> {
  return {
    name: 'restore_branch',
    metadataType: 'Branch',
    steps: [recoverStep(context), exchangeStep(context)],
    async complete(queries, { input, progress }) {
      if ('snapshotUid' in input.past)
        await giveCatalog(queries, { ...input.past, branchUid: input.backupUid })
      await exchangeCatalogs(queries, input.branchUid, input.backupUid)
      await storeOutcome(queries, input, progress, context.clock.now().toISOString())
      return replyOf(queries, input)
    },
    async abandon(queries, { input }) {
      await deleteBranchRow(queries, input.backupUid)
    },
  }
}

function recoverStep(context: ControlParts): Step<RestoreBranch> {
  const { computes, storage, workspaceId } = context
  return {
    name: 'recover',
    async run(run) {
      await run.note({ message: 'recovering the past while the branch serves on' })
      const { projectUid, backupUid, branchUid, endpointUid, past: moment } = run.input
      if ('snapshotUid' in moment)
        return cloneSnapshot(context, { ...moment, projectUid, branchUid: backupUid })
      const input = { projectUid, branchUid: backupUid, sourceUid: branchUid, sourceEndpointUid: endpointUid }
      return cloneMoment(context, { ...input, moment, keepsPast: true }, run.signal)
    },
    async undo({ input }) {
      await computes.remove(input.backupEndpointUid)
      await storage.remove(input.backupUid, { workspaceId, projectUid: input.projectUid })
    },
  }
}

function exchangeStep(context: ControlParts): Step<RestoreBranch> {
  return {
    name: 'exchange',
    async run(run) {
      await run.note({ message: 'putting the past into the place of the present' })
      return exchange(context, run, 'restored')
    },
    async undo(run) {
      await exchange(context, run, 'as it was')
    },
  }
}

/** Brings the directories to where they are to be, whatever a crash or an earlier try left. Says where the present was left. */
async function exchange(
  context: ControlParts,
  { input, id }: OperationRun<RestoreBranch>,
  wanted: 'restored' | 'as it was',
): Promise<{ leftLsn: string; leftTime: string }> {
  const { computes, storage, metadata, clock } = context
  const { branchUid, backupUid, endpointUid, backupEndpointUid } = input
  await computes.suspend(backupEndpointUid, 'replaced')
  for (const { uid } of await listEndpoints(metadata.db, branchUid)) {
    if (uid !== endpointUid) await computes.suspend(uid, 'replaced')
  }
  return computes.replaceFiles(endpointUid, async () => {
    if (wanted === 'restored') await storage.files.markRestored(backupUid, branchUid, id)
    const isRestored = await storage.files.isRestored(branchUid, id)
    if (isRestored !== (wanted === 'restored')) await storage.files.exchange(branchUid, backupUid)
    for (const uid of [branchUid, backupUid]) await writeManifestOf(context, uid)
    const left = wanted === 'restored' ? backupUid : branchUid
    return {
      leftLsn: await endOfLog(context, { branchUid: left, endpointUid: backupEndpointUid }),
      leftTime: clock.now().toISOString(),
    }
  })
}

async function storeOutcome(
  queries: Queries,
  { branchUid, backupUid }: RestoreBranch,
  progress: Readonly<Record<string, unknown>>,
  now: string,
): Promise<void> {
  const before = await findBranchByUid(queries, branchUid)
  await updateBranch(queries, branchUid, {
    update_time: now,
    ...cloneColumns(progress),
  })
  await updateBranch(queries, backupUid, {
    state: 'READY',
    state_change_time: now,
    source_lsn: String(progress['leftLsn']),
    source_time: String(progress['leftTime']),
    clone_method: before?.clone_method ?? null,
    clone_bytes: before?.clone_bytes ?? null,
    clone_ms: before?.clone_ms ?? null,
    logical_size_bytes: before?.logical_size_bytes ?? 0,
  })
}

async function replyOf(queries: Queries, input: RestoreBranch): Promise<Branch> {
  const { project, branch } = await anyBranch(queries, {
    project: input.projectUid,
    branch: input.branchUid,
  })
  return viewBranch(await partsOfBranch(queries, project, branch))
}
