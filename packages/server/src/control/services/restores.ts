// Bringing back what a branch was.
import {
  type Branch,
  branchActions,
  branchName,
  type BranchHistory,
  requireAction,
  type RestoreInput,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { insertBranch } from '../../metadata/branches.ts'
import { insertEndpoint } from '../../metadata/endpoints.ts'
import type { ControlContext } from '../context.ts'
import type { BranchOperations } from '../operations/branches.ts'
import type { RestoredPast } from '../operations/restore.ts'
import { readySnapshot } from '../rules/branch-source.ts'
import { branchSubjectOf, newBranchRows, refuseFullProject, refuseTakenBranch } from '../rules/branch.ts'
import { settingsOf } from '../rules/endpoint.ts'
import { endOfLog, momentOf, requireReached } from '../rules/past-moment.ts'
import { type BranchPath, type BranchRows, liveBranch, lockOf, primaryEndpoint } from '../rules/resolve.ts'
import { checkId } from '../rules/resource-ids.ts'
import { viewHistory } from '../views/history.ts'
import { type OperationView, viewOperation } from '../views/operation.ts'
import type { Branches } from './branches.ts'
import type { PastBranches } from './past-branches.ts'

const LONGEST_ID = 63

export class Restores {
  readonly #context: ControlContext
  readonly #kinds: BranchOperations
  readonly #branches: Branches
  readonly #past: PastBranches

  constructor(context: ControlContext, kinds: BranchOperations, branches: Branches, past: PastBranches) {
    this.#context = context
    this.#kinds = kinds
    this.#branches = branches
    this.#past = past
  }

  /** LakeletError `branch_not_ready`. */
  async history(path: BranchPath): Promise<BranchHistory> {
    const { metadata, storage, clock } = this.#context
    const { project, branch } = await liveBranch(metadata.db, path)
    if (branch.state === 'INIT')
      throw new LakeletError('branch_not_ready', { name: branch.branch_id, state: branch.state })
    const { uid: endpointUid } = await primaryEndpoint(metadata.db, branch.uid)
    const history = await storage.history.of(storage.paths(branch.uid))
    return viewHistory(history, {
      name: `${branchName(project.project_id, branch.branch_id)}/history`,
      now: clock.now().toISOString(),
      endLsn: await endOfLog(this.#context, { branchUid: branch.uid, endpointUid }),
      openMoments: this.#past.listOf(branch.uid),
      keptSeconds: project.history_retention_seconds,
    })
  }

  /** LakeletError `history_not_begun`, `history_not_reached` for a moment that is not in the history. */
  async restore(caller: Caller, path: BranchPath, input: RestoreInput): Promise<OperationView<Branch>> {
    const { db } = this.#context.metadata
    const rows = await liveBranch(db, path)
    const spec = { source_branch_time: input.time, source_branch_lsn: input.lsn }
    const moment = momentOf(spec, ['time', 'lsn'])
    const { snapshot } = input
    if (!moment && snapshot === undefined) throw new LakeletError('field_required', { field: 'time' })
    if (moment && snapshot !== undefined) {
      const others = 'time' in moment ? "'time'" : "'lsn'"
      throw new LakeletError('invalid_parameter', {
        reason: because('snapshot_alone', { field: 'snapshot', others }),
      })
    }
    // Looked for before anything else is said about it.
    const past = moment ?? {
      snapshotUid: (await readySnapshot(db, rows.project, snapshot ?? '', 'snapshot')).uid,
    }
    const id = input.branch_id ?? this.#newId(rows, input.in_place === true ? 'old' : 'at')
    checkId('branch_id', id)
    if (input.in_place === true) {
      if (input.ttl !== undefined) {
        const reason = "Field 'ttl' is the life of a new branch; in place there is none. Leave it out."
        throw new LakeletError('invalid_parameter', { reason })
      }
      return this.#inPlace(caller, rows, past, id)
    }
    const { project, branch } = rows
    const source = branchName(project.project_id, branch.branch_id)
    const life = input.ttl === undefined ? {} : { ttl: input.ttl }
    return this.#branches.create(
      caller,
      project.project_id,
      id,
      { ...(moment ? { source_branch: source, ...spec } : { source_snapshot: snapshot }), ...life },
      false,
    )
  }

  async #inPlace(
    caller: Caller,
    { project, branch }: BranchRows,
    past: RestoredPast,
    backupId: string,
  ): Promise<OperationView<Branch>> {
    const { metadata, clock, defaults, operations } = this.#context
    const { uid: endpointUid } = await primaryEndpoint(metadata.db, branch.uid)
    if (!('snapshotUid' in past))
      await requireReached(this.#context, { branchUid: branch.uid, endpointUid }, past)
    const source = { source_branch_uid: branch.uid, source_snapshot_id: null }
    const backup = newBranchRows(project, source, backupId, {}, { now: clock.now(), defaults })
    const row = await operations.start(this.#kinds.restore, {
      resource: branchName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: {
        projectUid: project.uid,
        branchUid: branch.uid,
        endpointUid,
        backupUid: backup.branch.uid,
        backupEndpointUid: backup.endpoint.uid,
        past,
      },
      locks: [
        ...[branch.uid, backup.branch.uid].map((uid) => ({
          scope: lockOf.branch(project.uid, uid),
          mode: 'exclusive' as const,
        })),
        ...('snapshotUid' in past
          ? [{ scope: lockOf.snapshot(project.uid, past.snapshotUid), mode: 'shared' as const }]
          : []),
      ],
      store: async (queries) => {
        if ('snapshotUid' in past) await readySnapshot(queries, project, past.snapshotUid, 'snapshot')
        const current = await liveBranch(queries, { project: project.uid, branch: branch.uid })
        // What it is now becomes a branch of it.
        requireAction(branchActions, 'branch_from', await branchSubjectOf(queries, current))
        await refuseFullProject(queries, project, backup.branch)
        await refuseTakenBranch(queries, project, backupId)
        await insertBranch(queries, backup.branch)
        // What it is now goes on there, with the sizes that it has now; high availability is for what takes its place.
        const settings = settingsOf(await primaryEndpoint(queries, branch.uid))
        const alone = { group_size: 1, reads_secondaries: 0 }
        await insertEndpoint(queries, { ...backup.endpoint, ...settings, ...alone })
      },
    })
    return viewOperation(row)
  }

  /** `production-old-20260131t120000z`. */
  #newId({ branch }: BranchRows, word: 'old' | 'at'): string {
    const now = this.#context.clock.now().toISOString()
    const suffix = `-${word}-${now.replace(/\.\d+/, '').replaceAll(/[-:]/g, '').toLowerCase()}`
    return `${branch.branch_id.slice(0, LONGEST_ID - suffix.length)}${suffix}`
  }
}
