import { overviewRoutes, type Session } from '@lakelet/api'
import type { AdmissionStatus } from '../../computes/index.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { OperationList } from '../services/operation-list.ts'
import { type OverviewParts, readOverview } from '../services/overview.ts'

/** Handlers of `/api/2.0/lakelet/overview` and `/session`. */
export function implementOverview(
  parts: OverviewParts & {
    readonly operations: OperationList
    readonly session: Omit<Session, 'user' | 'kind' | 'is_admin' | 'computes'>
    readonly computes: () => AdmissionStatus
  },
): ImplementedRoute[] {
  return implementRoutes(overviewRoutes, {
    getOverview: ({ caller }) => readOverview(caller, parts),
    listOperations: ({ caller, query }) => parts.operations.read(caller, query),
    getSession: ({ caller }) => ({
      ...parts.session,
      computes: viewAdmission(parts.computes()),
      user: caller.name,
      kind: caller.kind,
      is_admin: caller.isAdmin,
    }),
  })
}

function viewAdmission({ awake, waiting, usedBytes, memoryBytes }: AdmissionStatus): Session['computes'] {
  return { awake, waiting, used_bytes: usedBytes, memory_bytes: Math.round(memoryBytes) }
}
