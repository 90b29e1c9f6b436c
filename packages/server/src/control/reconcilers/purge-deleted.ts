import { isLakeletError } from '../../base/errors.ts'
import { findBranchByUid, listBranchesToPurge, listBranchUids } from '../../metadata/branches.ts'
import { deleteOperationsEndedBefore } from '../../metadata/operations.ts'
import { branchName, projectName } from '@lakelet/api'
import { findProject, listProjectsToPurge } from '../../metadata/projects.ts'
import { findSnapshotByUid } from '../../metadata/snapshots.ts'
import { TRASH_DAYS } from '../../storage/index.ts'
import type { BranchOperations } from '../operations/branches.ts'
import type { ProjectOperations } from '../operations/projects.ts'
import type { ControlContext } from '../context.ts'
import { lockOf } from '../rules/resolve.ts'
import type { RemovalTime } from './removal-time.ts'

/** How long an operation that has ended can be polled. */
const KEEP_OPERATIONS_MS = 7 * 86_400_000

export interface PurgeKinds {
  readonly projects: ProjectOperations
  readonly branches: BranchOperations
}

/** Removes for good what was deleted long enough ago, and files and operations that nobody needs any more. */
export async function purgeDeleted(
  context: ControlContext,
  kinds: PurgeKinds,
  removal: RemovalTime,
): Promise<void> {
  const now = await removal.now()
  await purgeProjects(context, kinds, now.toISOString())
  await purgeBranches(context, kinds, now.toISOString())
  await setUnknownAside(context)
  await emptyTrash(context, now)
  // Looked at again: one that has just ended did so before `now` where the clock was set back meanwhile.
  const until = Math.min(now.getTime(), context.clock.now().getTime())
  const before = new Date(until - KEEP_OPERATIONS_MS).toISOString()
  await deleteOperationsEndedBefore(context.metadata.db, before)
}

async function purgeProjects(context: ControlContext, kinds: PurgeKinds, now: string): Promise<void> {
  for (const project of await listProjectsToPurge(context.metadata.db, now)) {
    await unlessBusy(context, () =>
      context.operations.start(kinds.projects.delete, {
        resource: projectName(project.project_id),
        objectUid: project.uid,
        input: { projectUid: project.uid, purge: true },
        locks: [{ scope: lockOf.project(project.uid), mode: 'exclusive' }],
      }),
    )
  }
}

async function purgeBranches(context: ControlContext, kinds: PurgeKinds, now: string): Promise<void> {
  for (const branch of await listBranchesToPurge(context.metadata.db, now)) {
    const project = await findProject(context.metadata.db, branch.project_uid)
    if (!project) continue
    await unlessBusy(context, () =>
      context.operations.start(kinds.branches.delete, {
        resource: branchName(project.project_id, branch.branch_id),
        objectUid: project.uid,
        input: { projectUid: project.uid, branchUid: branch.uid, purge: true },
        locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      }),
    )
  }
}

async function unlessBusy(context: ControlContext, start: () => Promise<unknown>): Promise<void> {
  try {
    await start()
  } catch (error) {
    if (!isLakeletError(error, 'conflicting_operations')) throw error
    context.log.debug('a purge waits for a running operation')
  }
}

/**
 * Files without a row are not understood, whatever made them: they are set aside, never removed. Rows come first, so a new branch is
 * never taken for one.
 */
async function setUnknownAside({ metadata, storage, log }: ControlContext): Promise<void> {
  const stored = await storage.list()
  const known = new Set(await listBranchUids(metadata.db))
  for (const branchUid of stored.filter((uid) => !known.has(uid))) {
    // Looked at again: the row of a branch can be older than the list of rows, never younger than its files.
    if (await findBranchByUid(metadata.db, branchUid)) continue
    await storage.setAside(branchUid, 'the metadata knows no branch of this uid')
  }
  const { files } = storage.snapshots
  for (const uid of await files.list()) {
    if (await findSnapshotByUid(metadata.db, uid)) continue
    const to = await files.setAside(uid, 'the metadata knows no snapshot of this uid')
    log.warn({ snapshot: uid, to }, 'set the files of a snapshot aside')
  }
}

async function emptyTrash({ storage, log }: ControlContext, now: Date): Promise<void> {
  const removed = await storage.files.trash.removeOld(now, (entry, error) =>
    log.warn({ err: error, path: entry.path }, 'the trash cannot be emptied'),
  )
  if (removed.length > 0) log.info({ removed, days: TRASH_DAYS }, 'removed what was in the trash for long')
}
