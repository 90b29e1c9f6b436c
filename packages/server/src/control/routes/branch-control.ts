import { branchControlRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { BranchComparison } from '../services/branch-comparison.ts'
import type { Branches } from '../services/branches.ts'

/** Handlers of `/api/2.0/lakelet/postgres/…/branches/…`. */
export function implementBranchControl(branches: Branches, comparison: BranchComparison): ImplementedRoute[] {
  return implementRoutes(branchControlRoutes, {
    compareBranch: ({ params, body, signal }) => comparison.compare(params, body, signal),
    resetBranch: ({ caller, params }) => branches.reset(caller, params),
  })
}
