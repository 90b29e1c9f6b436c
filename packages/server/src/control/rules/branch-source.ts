// What a new branch is made from: another branch, as it is or was, or a snapshot.
import { type BranchSpec, snapshotName } from '@lakelet/api'
import { because, LakeletError } from '../../base/errors.ts'
import type { BranchRow } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import { findSnapshot, type SnapshotRow } from '../../metadata/snapshots.ts'
import type { Lock } from '../../operations/operation-kind.ts'
import type { PastMoment } from '../../storage/index.ts'
import type { ControlParts } from '../context.ts'
import { sourceBranch } from './branch.ts'
import { momentOf, requireReached } from './past-moment.ts'
import { lockOf, notFound, primaryEndpoint } from './resolve.ts'

/** What the operation that makes the branch is told. */
export type SourceInput =
  | {
      readonly sourceUid: string
      readonly sourceEndpointUid: string
      /** As the source was then; as it is now when absent. */
      readonly moment?: PastMoment
      readonly renewsPasswords: boolean
    }
  | { readonly snapshotUid: string }

export interface BranchSource {
  readonly input: SourceInput
  readonly columns: Pick<BranchRow, 'source_branch_uid' | 'source_snapshot_id'>
  /** Keeps the source as it is until the branch is made. */
  readonly lock: Lock
  /** Looks again, in the transaction that stores the branch. */
  readonly require: (queries: Queries) => Promise<unknown>
}

/** The source that a spec names. LakeletErrors of what is wrong with it. */
export async function findBranchSource(
  context: ControlParts,
  project: ProjectRow,
  spec: BranchSpec,
): Promise<BranchSource> {
  const { db } = context.metadata
  if (spec.source_snapshot !== undefined) {
    refuseBeside(spec)
    return snapshotSource(db, project, spec.source_snapshot, 'spec.source_snapshot')
  }
  const moment = momentOf(spec)
  const source = await sourceBranch(db, project, spec.source_branch)
  const endpoint = await primaryEndpoint(db, source.uid)
  if (moment) await requireReached(context, { branchUid: source.uid, endpointUid: endpoint.uid }, moment)
  return {
    input: {
      sourceUid: source.uid,
      sourceEndpointUid: endpoint.uid,
      renewsPasswords: source.is_protected === 1,
      ...(moment ? { moment } : {}),
    },
    columns: { source_branch_uid: source.uid, source_snapshot_id: null },
    lock: { scope: lockOf.branch(project.uid, source.uid), mode: 'shared' },
    require: (queries) => sourceBranch(queries, project, source.uid),
  }
}

async function snapshotSource(
  queries: Queries,
  project: ProjectRow,
  name: string,
  field: string,
): Promise<BranchSource> {
  const snapshot = await readySnapshot(queries, project, name, field)
  return {
    input: { snapshotUid: snapshot.uid },
    columns: { source_branch_uid: null, source_snapshot_id: snapshot.snapshot_id },
    lock: { scope: lockOf.snapshot(project.uid, snapshot.uid), mode: 'shared' },
    require: (later) => readySnapshot(later, project, snapshot.uid, field),
  }
}

/** The snapshot with this id or full name, ready to be read. LakeletError `invalid_parameter`, `resource_not_found`. */
export async function readySnapshot(
  queries: Queries,
  project: ProjectRow,
  name: string,
  field: string,
): Promise<SnapshotRow> {
  const [projects, owner, snapshots, id, ...rest] = name.includes('/')
    ? name.split('/')
    : ['projects', project.uid, 'snapshots', name]
  const isHere =
    projects === 'projects' && (owner === project.project_id || owner === project.uid) && rest.length === 0
  if (!isHere || snapshots !== 'snapshots' || !id) {
    const example = snapshotName(project.project_id, 'before-migration')
    throw new LakeletError('invalid_parameter', {
      reason: because('snapshot_of_project', { field, example }),
    })
  }
  const snapshot = await findSnapshot(queries, project.uid, id)
  if (!snapshot) throw notFound('snapshot')
  if (snapshot.state !== 'READY') {
    throw new LakeletError('invalid_parameter', {
      reason: because('snapshot_not_ready', { snapshot: snapshot.snapshot_id }),
    })
  }
  return snapshot
}

/** The data comes from the snapshot alone. */
function refuseBeside(spec: BranchSpec): void {
  const given = (['source_branch', 'source_branch_lsn', 'source_branch_time'] as const).filter(
    (field) => spec[field] !== undefined,
  )
  if (given.length === 0) return
  const others = given.map((field) => `'spec.${field}'`).join(', ')
  throw new LakeletError('invalid_parameter', {
    reason: because('snapshot_alone', { field: 'spec.source_snapshot', others }),
  })
}
