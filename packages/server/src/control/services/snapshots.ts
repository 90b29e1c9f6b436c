// Snapshots and their schedules.
import {
  branchActions,
  parseUpdateMask,
  requireAction,
  type ScheduleCadence,
  type Snapshot,
  snapshotName,
  type SnapshotSchedule,
  snapshotScheduleName,
  snapshotScheduleUpdate,
  type SnapshotSpec,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { BranchRow } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import {
  findSnapshotByUid,
  insertSnapshot,
  listSnapshots,
  type NewSnapshotRow,
  putSchedule,
  type SnapshotRow,
} from '../../metadata/snapshots.ts'
import type { PastMoment } from '../../storage/index.ts'
import type { ControlContext } from '../context.ts'
import type { SnapshotOperations } from '../operations/snapshots.ts'
import { branchNamed, branchSubjectOf } from '../rules/branch.ts'
import { momentOf, requireReached } from '../rules/past-moment.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import {
  type BranchPath,
  type BranchRows,
  liveBranch,
  liveProject,
  liveSnapshot,
  lockOf,
  notFound,
  primaryEndpoint,
} from '../rules/resolve.ts'
import { checkId } from '../rules/resource-ids.ts'
import {
  expiryAfter,
  newSnapshot,
  readSnapshotExpiry,
  refuseTakenSnapshot,
  refuseTooManySnapshots,
} from '../rules/snapshot.ts'
import { checkCadences, type Due } from '../rules/snapshot-schedule.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { viewSchedule, viewSnapshot } from '../views/snapshot.ts'

const LONGEST_ID = 63

interface SnapshotPath {
  readonly project: string
  readonly snapshot: string
}

export class Snapshots {
  readonly #context: ControlContext
  readonly #kinds: SnapshotOperations

  constructor(context: ControlContext, kinds: SnapshotOperations) {
    this.#context = context
    this.#kinds = kinds
  }

  /** LakeletErrors of the branch and the moment that `spec` names, `limit_reached`, `already_exists`. */
  async create(
    caller: Caller,
    projectId: string,
    snapshotId: string,
    spec: SnapshotSpec,
  ): Promise<OperationView<Snapshot>> {
    checkId('snapshot_id', snapshotId)
    const { metadata, clock } = this.#context
    const project = await liveProject(metadata.db, projectId)
    if (spec.source_branch === undefined)
      throw new LakeletError('field_required', { field: 'spec.source_branch' })
    const branch = await branchNamed(metadata.db, project, spec.source_branch)
    await this.#requireRoot(metadata.db, { project, branch })
    const moment = momentOf(spec)
    const now = clock.now()
    const row = newSnapshot(branch, snapshotId, {
      now,
      expireTime: readSnapshotExpiry(spec, now),
      isScheduled: false,
    })
    return this.#take({ project, branch }, row, { caller, moment })
  }

  async get(path: SnapshotPath): Promise<Snapshot> {
    const { project, snapshot } = await liveSnapshot(this.#context.metadata.db, path)
    return viewSnapshot(project, snapshot)
  }

  async list(
    projectId: string,
    query: PageQuery,
  ): Promise<{ snapshots: Snapshot[]; next_page_token?: string }> {
    const { db } = this.#context.metadata
    const project = await liveProject(db, projectId)
    const name = `snapshots ${project.uid}`
    const page = readPage<number>(name, query, 'number')
    const rows = await listSnapshots(db, project.uid, { afterSeq: page.after ?? 0, limit: page.size + 1 })
    const { items, nextToken } = cutPage(name, rows, page.size, ({ seq }) => seq)
    return {
      snapshots: items.map((row) => viewSnapshot(project, row)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async delete(caller: Caller, path: SnapshotPath): Promise<OperationView<Empty>> {
    const { project, snapshot } = await liveSnapshot(this.#context.metadata.db, path)
    return this.#startDelete(project, snapshot, caller)
  }

  /** Deletes a snapshot whose time is over. Throws what a delete by a caller would. */
  async expire(project: ProjectRow, snapshot: SnapshotRow): Promise<void> {
    await this.#startDelete(project, snapshot, undefined)
  }

  async schedule(path: BranchPath): Promise<SnapshotSchedule> {
    const { metadata, clock } = this.#context
    return viewSchedule(metadata.db, await liveBranch(metadata.db, path), clock.now())
  }

  /** Replaces the cadences of a root branch. What is kept already is kept as long as it was to be. LakeletError `invalid_parameter`. */
  async updateSchedule(
    caller: Caller,
    path: BranchPath,
    mask: string | undefined,
    given: readonly ScheduleCadence[] | undefined,
  ): Promise<OperationView<SnapshotSchedule>> {
    const { metadata, clock, operations } = this.#context
    const changed = parseUpdateMask(mask, { schedule: given }, snapshotScheduleUpdate).has('schedule')
    const schedule = given ?? []
    checkCadences(schedule)
    const { project, branch } = await liveBranch(metadata.db, path)
    const row = await operations.start(this.#kinds.updateSchedule, {
      resource: snapshotScheduleName(project.project_id, branch.branch_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid },
      locks: [{ scope: lockOf.schedule(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const current = await liveBranch(queries, { project: project.uid, branch: branch.uid })
        if (schedule.length > 0) await this.#requireRoot(queries, current)
        if (!changed) return
        await putSchedule(queries, {
          branch_uid: branch.uid,
          schedule: JSON.stringify(schedule),
          done_until: clock.now().toISOString(),
        })
      },
    })
    return viewOperation(row)
  }

  /** Takes the snapshot that a schedule asks for. Throws what `create` does. */
  async takeDue(rows: BranchRows, { at, retentionSeconds }: Due): Promise<void> {
    const now = this.#context.clock.now()
    const suffix = `-${at.toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '').toLowerCase()}`
    const id = `${rows.branch.branch_id.slice(0, LONGEST_ID - suffix.length)}${suffix}`
    const expireTime = expiryAfter(retentionSeconds, now)
    const row = newSnapshot(rows.branch, id, { now, expireTime, isScheduled: true })
    await this.#take(rows, row, { dueUntil: at.toISOString() })
  }

  async #take(
    { project, branch }: BranchRows,
    snapshot: NewSnapshotRow,
    how: { readonly caller?: Caller; readonly moment?: PastMoment | undefined; readonly dueUntil?: string },
  ): Promise<OperationView<Snapshot>> {
    const { metadata, operations } = this.#context
    const { caller, moment, dueUntil } = how
    const { uid: endpointUid } = await primaryEndpoint(metadata.db, branch.uid)
    if (moment) await requireReached(this.#context, { branchUid: branch.uid, endpointUid }, moment)
    const row = await operations.start(this.#kinds.create, {
      resource: snapshotName(project.project_id, snapshot.snapshot_id),
      objectUid: project.uid,
      ...(caller ? { callerId: caller.id } : {}),
      input: {
        projectUid: project.uid,
        snapshotUid: snapshot.uid,
        sourceUid: branch.uid,
        sourceEndpointUid: endpointUid,
        ...(moment ? { moment } : {}),
        ...(dueUntil === undefined ? {} : { dueUntil }),
      },
      locks: [
        { scope: lockOf.snapshot(project.uid, snapshot.uid), mode: 'exclusive' },
        { scope: lockOf.branch(project.uid, branch.uid), mode: 'shared' },
        ...(dueUntil === undefined
          ? []
          : [{ scope: lockOf.schedule(project.uid, branch.uid), mode: 'exclusive' as const }]),
      ],
      store: async (queries) => {
        const current = await liveBranch(queries, { project: project.uid, branch: branch.uid })
        await this.#requireRoot(queries, current)
        await refuseTakenSnapshot(queries, project.uid, snapshot.snapshot_id)
        if (dueUntil === undefined) await refuseTooManySnapshots(queries, project.uid)
        await insertSnapshot(queries, snapshot)
      },
    })
    return viewOperation(row)
  }

  async #startDelete(
    project: ProjectRow,
    snapshot: SnapshotRow,
    caller: Caller | undefined,
  ): Promise<OperationView<Empty>> {
    const row = await this.#context.operations.start(this.#kinds.delete, {
      resource: snapshotName(project.project_id, snapshot.snapshot_id),
      objectUid: project.uid,
      ...(caller ? { callerId: caller.id } : {}),
      input: { projectUid: project.uid, snapshotUid: snapshot.uid },
      locks: [{ scope: lockOf.snapshot(project.uid, snapshot.uid), mode: 'exclusive' }],
      store: async (queries) => {
        if (!(await findSnapshotByUid(queries, snapshot.uid))) throw notFound('snapshot')
      },
    })
    return viewOperation(row)
  }

  async #requireRoot(
    queries: Queries,
    rows: { readonly project: ProjectRow; readonly branch: BranchRow },
  ): Promise<void> {
    requireAction(branchActions, 'snapshot', await branchSubjectOf(queries, rows))
  }
}
