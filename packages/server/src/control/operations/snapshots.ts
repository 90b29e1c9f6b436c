// The kinds of operation on snapshots.
import type { Snapshot, SnapshotSchedule } from '@lakelet/api'
import { findSnapshotByUid, noteTaken, snapshotBefore, updateSnapshot } from '../../metadata/snapshots.ts'
import { deleteSnapshotRow } from '../../metadata/snapshots.ts'
import type { OperationKind, OperationRun, Step } from '../../operations/operation-kind.ts'
import type { PastMoment } from '../../storage/index.ts'
import { observeCatalog } from '../catalog/known-catalog.ts'
import type { ControlParts } from '../context.ts'
import { anyBranch, anyProject, notFound } from '../rules/resolve.ts'
import { EMPTY } from '../views/operation.ts'
import { viewSchedule, viewSnapshot } from '../views/snapshot.ts'
import { catalogOf } from './snapshot-catalog.ts'

interface SnapshotInput {
  readonly projectUid: string
  readonly snapshotUid: string
}

export interface CreateSnapshot extends SnapshotInput {
  readonly sourceUid: string
  readonly sourceEndpointUid: string
  /** As the source was then; as it is now when absent. */
  readonly moment?: PastMoment
  /** Up to where it does what the schedule of its branch asks for. */
  readonly dueUntil?: string
}

interface ScheduleInput {
  readonly projectUid: string
  readonly branchUid: string
}

export interface SnapshotOperations {
  readonly create: OperationKind<CreateSnapshot>
  readonly delete: OperationKind<SnapshotInput>
  /** The change itself is stored with the operation. */
  readonly updateSchedule: OperationKind<ScheduleInput>
}

export function snapshotOperations(context: ControlParts): SnapshotOperations {
  return {
    create: createSnapshot(context),
    delete: {
      name: 'delete_snapshot',
      metadataType: 'Snapshot',
      steps: [
        { name: 'remove_storage', run: ({ input }) => context.storage.snapshots.remove(input.snapshotUid) },
      ],
      async complete(queries, { input }) {
        await deleteSnapshotRow(queries, input.snapshotUid)
        return EMPTY
      },
    },
    updateSchedule: {
      name: 'update_snapshot_schedule',
      metadataType: 'SnapshotSchedule',
      steps: [],
      async complete(queries, { input }): Promise<SnapshotSchedule> {
        const path = { project: input.projectUid, branch: input.branchUid }
        return viewSchedule(queries, await anyBranch(queries, path), context.clock.now())
      },
    },
  }
}

function createSnapshot(context: ControlParts): OperationKind<CreateSnapshot> {
  return {
    name: 'create_snapshot',
    metadataType: 'Snapshot',
    steps: [takeStep(context), measureStep(context)],
    async complete(queries, { input, progress }): Promise<Snapshot> {
      await updateSnapshot(queries, input.snapshotUid, {
        state: 'READY',
        source_lsn: String(progress['lsn']),
        source_time: String(progress['time']),
        clone_method: progress['method'] === 'reflink' ? 'reflink' : 'copy',
        full_size_bytes: Number(progress['full']),
        diff_size_bytes: Number(progress['diff']),
        catalog: String(progress['catalog']),
      })
      if (input.dueUntil !== undefined) await noteTaken(queries, input.sourceUid, input.dueUntil)
      const snapshot = await findSnapshotByUid(queries, input.snapshotUid)
      if (!snapshot) throw notFound('snapshot')
      return viewSnapshot(await anyProject(queries, input.projectUid), snapshot)
    },
    async abandon(queries, { input }) {
      await deleteSnapshotRow(queries, input.snapshotUid)
    },
  }
}

function takeStep(context: ControlParts): Step<CreateSnapshot> {
  return {
    name: 'take',
    run: (run) => take(context, run),
    undo: ({ input }) => context.storage.snapshots.remove(input.snapshotUid),
  }
}

async function take(
  { metadata, storage, computes, clock, workspaceId }: ControlParts,
  { input, signal }: OperationRun<CreateSnapshot>,
) {
  const { sourceUid, sourceEndpointUid, projectUid, snapshotUid, moment } = input
  if (!moment) {
    await computes.peek(sourceEndpointUid, (admin) => observeCatalog({ metadata, clock }, sourceUid, admin))
  }
  const catalog = await catalogOf(metadata.db, sourceUid, { isPast: moment !== undefined })
  const snapshot = await findSnapshotByUid(metadata.db, snapshotUid)
  const branch = { workspaceId, projectUid, record: { snapshot, catalog } }
  const clone = await computes.withFiles(sourceEndpointUid, (connect) =>
    storage.snapshots.take(snapshotUid, storage.paths(sourceUid), { branch, moment, connect, signal }),
  )
  return { lsn: clone.lsn, time: clone.time, method: clone.method, catalog }
}

function measureStep({ metadata, storage }: ControlParts): Step<CreateSnapshot> {
  return {
    name: 'measure',
    async run({ input }) {
      const snapshot = await findSnapshotByUid(metadata.db, input.snapshotUid)
      const before = snapshot && (await snapshotBefore(metadata.db, snapshot))
      return storage.snapshots.measure(input.snapshotUid, before?.uid)
    },
  }
}
