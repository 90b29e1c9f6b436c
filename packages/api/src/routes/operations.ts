// One poll route for each depth at which an operation's name can stand.
import { z } from 'zod'
import { branchParams, projectParams } from '../resources/fields.ts'
import { operation } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { BRANCH, POSTGRES } from './postgres.ts'

const common = {
  method: 'GET',
  summary: 'Poll an operation; waits a moment for one that still runs',
  reply: operation,
  errors: ['resource_not_found'],
  permission: {
    kind: 'service',
    rule: 'who started the operation, and who has CAN_USE on its project',
  },
} as const

const id = { operation: z.string() }

export const operationRoutes = {
  getProjectOperation: defineRoute({
    ...common,
    id: 'postgres.getProjectOperation',
    path: `${POSTGRES}/projects/:project/operations/:operation`,
    params: projectParams.extend(id),
  }),
  getBranchOperation: defineRoute({
    ...common,
    id: 'postgres.getBranchOperation',
    path: `${BRANCH}/operations/:operation`,
    params: branchParams.extend(id),
  }),
  getEndpointOperation: defineRoute({
    ...common,
    id: 'postgres.getEndpointOperation',
    path: `${BRANCH}/endpoints/:endpoint/operations/:operation`,
    params: branchParams.extend({ endpoint: z.string(), ...id }),
  }),
  getDatabaseOperation: defineRoute({
    ...common,
    id: 'postgres.getDatabaseOperation',
    path: `${BRANCH}/databases/:database/operations/:operation`,
    params: branchParams.extend({ database: z.string(), ...id }),
  }),
  getRoleOperation: defineRoute({
    ...common,
    id: 'postgres.getRoleOperation',
    path: `${BRANCH}/roles/:role/operations/:operation`,
    params: branchParams.extend({ role: z.string(), ...id }),
  }),
  getSnapshotOperation: defineRoute({
    ...common,
    id: 'postgres.getSnapshotOperation',
    path: `${POSTGRES}/projects/:project/snapshots/:snapshot/operations/:operation`,
    params: projectParams.extend({ snapshot: z.string(), ...id }),
  }),
  getSnapshotScheduleOperation: defineRoute({
    ...common,
    id: 'postgres.getSnapshotScheduleOperation',
    path: `${BRANCH}/snapshot-schedule/operations/:operation`,
    params: branchParams.extend(id),
  }),
} as const
