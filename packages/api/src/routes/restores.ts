import { branch } from '../resources/branch.ts'
import { branchParams } from '../resources/fields.ts'
import { branchHistory, restoreInput } from '../resources/history.ts'
import { operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, canUseProject, errorsOfNewFromPast } from './postgres.ts'

const base = '/api/2.0/lakelet/postgres/projects/:project/branches/:branch'

/** The past of branches. The real service has it in its pages only. */
export const restoreRoutes = {
  getHistory: defineRoute({
    id: 'lakelet.getBranchHistory',
    method: 'GET',
    path: `${base}/history`,
    summary: 'Read which moments of the past of a branch can be restored',
    params: branchParams,
    reply: branchHistory,
    errors: ['resource_not_found', 'branch_not_ready'],
    permission: canUseProject,
  }),
  restore: defineRoute({
    id: 'lakelet.restoreBranch',
    method: 'POST',
    path: `${base}/restore`,
    summary: 'Bring a moment of the past of a branch back, as a new branch or in its place',
    params: branchParams,
    body: restoreInput,
    reply: operationOf(branch),
    errors: [...errorsOfNewFromPast],
    permission: canManageProject,
  }),
} as const
