import { allBranches, type BranchRow, findBranchByUid } from '../../metadata/branches.ts'
import { findProject } from '../../metadata/projects.ts'
import { type BranchPaths, type HistoryLimits, isBaseDue, oldestKept } from '../../storage/index.ts'
import type { ControlParts } from '../context.ts'
import { primaryEndpoint } from '../rules/resolve.ts'
import type { RemovalTime } from './removal-time.ts'

/** Keeps the past of each branch as long as its project says: makes bases that are due, forgets what is older than the window. */
export async function keepHistory(context: ControlParts, removal: RemovalTime): Promise<void> {
  const branches = await allBranches(context.metadata.db)
  for (const branch of branches.filter((each) => each.state === 'READY' && each.delete_time === null)) {
    try {
      await keepOne(context, removal, branch)
    } catch (error) {
      const now = await findBranchByUid(context.metadata.db, branch.uid)
      // It was deleted meanwhile.
      if (!now || now.delete_time !== null) continue
      context.log.warn({ err: error, branch: branch.uid }, 'the history of a branch could not be kept')
    }
  }
}

async function keepOne(context: ControlParts, removal: RemovalTime, branch: BranchRow): Promise<void> {
  const { metadata, storage, computes, clock, defaults } = context
  const project = await findProject(metadata.db, branch.project_uid)
  if (!project || !(await storage.exists(branch.uid))) return
  const limits: HistoryLimits = {
    windowMs: project.history_retention_seconds * 1000,
    maxBytes: defaults.historyBytes,
  }
  const paths = storage.paths(branch.uid)
  // First: on a full disk it is what makes room for a base.
  await forgetOld(context, paths, limits, await removal.now())
  if (isBaseDue(await storage.history.of(paths), limits, clock.now())) {
    const { uid } = await primaryEndpoint(metadata.db, branch.uid)
    await computes.withFiles(uid, (connect) => storage.history.takeBase(paths, connect))
    await forgetOld(context, paths, limits, await removal.now())
  }
}

async function forgetOld(
  { storage }: ControlParts,
  paths: BranchPaths,
  limits: HistoryLimits,
  now: Date,
): Promise<void> {
  const { bases, files } = await storage.history.of(paths)
  const oldest = oldestKept(bases, files, limits, now)
  if (oldest) await storage.history.forgetBefore(paths, oldest)
}
