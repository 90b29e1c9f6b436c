import { z } from 'zod'
import { branchParams, paging, projectParams, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { snapshot, snapshotInput, snapshotSchedule, snapshotScheduleInput } from '../resources/snapshot.ts'
import { defineRoute } from '../route.ts'
import {
  BRANCH,
  canManageProject,
  canUseProject,
  POSTGRES,
  writeErrors,
  errorsOfNewFromPast,
} from './postgres.ts'

const SNAPSHOTS = `${POSTGRES}/projects/:project/snapshots`
const SCHEDULE = `${BRANCH}/snapshot-schedule`
const snapshotParams = projectParams.extend({ snapshot: z.string() })

export const snapshotRoutes = {
  createSnapshot: defineRoute({
    id: 'postgres.createSnapshot',
    method: 'POST',
    path: SNAPSHOTS,
    summary: 'Take a snapshot of a root branch, as it is now or was at a moment of its history',
    params: projectParams,
    query: z.object({ snapshot_id: z.string().default('') }),
    body: snapshotInput,
    reply: operationOf(snapshot),
    errors: [...errorsOfNewFromPast],
    permission: canManageProject,
  }),
  listSnapshots: defineRoute({
    id: 'postgres.listSnapshots',
    method: 'GET',
    path: SNAPSHOTS,
    summary: 'List the snapshots of a project',
    params: projectParams,
    query: paging,
    reply: z.object({ snapshots: z.array(snapshot).optional(), next_page_token: z.string().optional() }),
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  getSnapshot: defineRoute({
    id: 'postgres.getSnapshot',
    method: 'GET',
    path: `${SNAPSHOTS}/:snapshot`,
    summary: 'Read a snapshot',
    params: snapshotParams,
    reply: snapshot,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  deleteSnapshot: defineRoute({
    id: 'postgres.deleteSnapshot',
    method: 'DELETE',
    path: `${SNAPSHOTS}/:snapshot`,
    summary: 'Delete a snapshot; branches that were made from it stay',
    params: snapshotParams,
    reply: operationOf(empty),
    errors: [...writeErrors],
    permission: canManageProject,
  }),
  getSnapshotSchedule: defineRoute({
    id: 'postgres.getSnapshotSchedule',
    method: 'GET',
    path: SCHEDULE,
    summary: 'Read when snapshots of a branch are taken by themselves',
    params: branchParams,
    reply: snapshotSchedule,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  updateSnapshotSchedule: defineRoute({
    id: 'postgres.updateSnapshotSchedule',
    method: 'PATCH',
    path: SCHEDULE,
    summary: 'Set when snapshots of a root branch are taken by themselves, and how long they are kept',
    params: branchParams,
    query: updateMaskQuery,
    body: snapshotScheduleInput,
    reply: operationOf(snapshotSchedule),
    errors: [...writeErrors],
    permission: canManageProject,
  }),
} as const
