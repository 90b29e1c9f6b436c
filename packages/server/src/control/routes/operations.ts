import { operationRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { OperationPolls } from '../services/operation-polls.ts'

export function implementOperations(operations: OperationPolls): ImplementedRoute[] {
  return implementRoutes(operationRoutes, {
    getProjectOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'project' }, signal),
    getBranchOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'branch' }, signal),
    getEndpointOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'endpoint' }, signal),
    getDatabaseOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'database' }, signal),
    getRoleOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'role' }, signal),
    getSnapshotOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'snapshot' }, signal),
    getSnapshotScheduleOperation: ({ caller, params, signal }) =>
      operations.get(caller, { ...params, type: 'snapshot_schedule' }, signal),
  })
}
