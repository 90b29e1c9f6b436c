// `/api/2.0/lakelet/postgres/…/branches/…`: what Lakelet can do with a branch beyond the API of the real service.
import { z } from 'zod'
import { branch } from '../resources/branch.ts'
import { branchParams } from '../resources/fields.ts'
import { operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, writeErrors } from './postgres.ts'

const base = '/api/2.0/lakelet/postgres/projects/:project/branches/:branch'

export const branchControlRoutes = {
  resetBranch: defineRoute({
    id: 'lakelet.resetBranch',
    method: 'POST',
    path: `${base}/reset`,
    summary:
      'Give a branch the data that its parent has now; its endpoint, host name, credentials and ids stay',
    params: branchParams,
    body: z.object({}),
    reply: operationOf(branch),
    errors: [...writeErrors, 'branch_not_ready', 'invalid_parameter'],
    permission: canManageProject,
  }),
} as const
