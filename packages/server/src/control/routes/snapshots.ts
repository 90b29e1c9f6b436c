import { snapshotRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Snapshots } from '../services/snapshots.ts'

export function implementSnapshots(snapshots: Snapshots): ImplementedRoute[] {
  return implementRoutes(snapshotRoutes, {
    createSnapshot: ({ caller, params, query, body }) =>
      snapshots.create(caller, params.project, query.snapshot_id, body.spec ?? {}),
    listSnapshots: ({ params, query }) => snapshots.list(params.project, query),
    getSnapshot: ({ params }) => snapshots.get(params),
    deleteSnapshot: ({ caller, params }) => snapshots.delete(caller, params),
    getSnapshotSchedule: ({ params }) => snapshots.schedule(params),
    updateSnapshotSchedule: ({ caller, params, query, body }) =>
      snapshots.updateSchedule(caller, params, query.update_mask, body.schedule),
  })
}
