import { branchRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Branches } from '../services/branches.ts'

export function implementBranches(branches: Branches): ImplementedRoute[] {
  return implementRoutes(branchRoutes, {
    createBranch: ({ caller, params, query, body }) =>
      branches.create(
        caller,
        params.project,
        query.branch_id,
        body.spec ?? {},
        query.replace_existing === true,
      ),
    listBranches: ({ params, query }) => branches.list(params.project, query),
    getBranch: ({ params }) => branches.get(params),
    updateBranch: ({ caller, params, query, body }) =>
      branches.update(caller, params, query.update_mask, body.spec ?? {}),
    deleteBranch: ({ caller, params, query }) =>
      branches.delete(caller, params, {
        purge: query.purge === true,
        allowMissing: query.allow_missing === true,
      }),
    undeleteBranch: ({ caller, params }) => branches.undelete(caller, params),
  })
}
