import { branchControlRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Branches } from '../services/branches.ts'

/** Handlers of `/api/2.0/lakelet/postgres/…/branches/…`. */
export function implementBranchControl(branches: Branches): ImplementedRoute[] {
  return implementRoutes(branchControlRoutes, {
    resetBranch: ({ caller, params }) => branches.reset(caller, params),
  })
}
