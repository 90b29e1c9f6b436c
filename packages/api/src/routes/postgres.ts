// What the routes of the Postgres API share.
import type { ErrorCode } from '../errors/lakelet-error.ts'
import type { Permission } from '../route.ts'

export const POSTGRES = '/api/2.0/postgres'

/** Base path of everything in a branch. */
export const BRANCH = `${POSTGRES}/projects/:project/branches/:branch`

export const canUseProject = {
  kind: 'object',
  type: 'project',
  param: 'project',
  level: 'CAN_USE',
} as const satisfies Permission

export const canManageProject = {
  kind: 'object',
  type: 'project',
  param: 'project',
  level: 'CAN_MANAGE',
} as const satisfies Permission

/** Errors of every route that changes something. */
export const writeErrors = [
  'resource_not_found',
  'conflicting_operations',
] as const satisfies readonly ErrorCode[]

/** Errors of every route that makes something under an id. */
export const creationErrors = [
  ...writeErrors,
  'field_required',
  'invalid_id',
  'already_exists',
  'limit_reached',
] as const satisfies readonly ErrorCode[]

/** Errors of every route that makes something of a branch as it is or was. */
export const errorsOfNewFromPast = [
  ...creationErrors,
  'branch_not_ready',
  'history_not_begun',
  'history_not_reached',
] as const satisfies readonly ErrorCode[]

/** Errors of the routes that read or change the Postgres catalogue: their compute has to be awake. */
export const catalogErrors = [
  'branch_not_ready',
  'endpoint_is_disabled',
  'compute_restarting',
] as const satisfies readonly ErrorCode[]
