import { because, LakeletError, type Reason } from '../errors/lakelet-error.ts'
import type { Branch, BranchState } from '../resources/branch.ts'
import type { ActionTable, Condition } from './table.ts'

/** A branch as its actions look at it. */
export interface BranchSubject {
  /** The full resource name. */
  readonly name: string
  readonly id: string
  readonly state: BranchState
  readonly isProtected: boolean
  readonly isDefault: boolean
  /** It was not made from another branch. */
  readonly isRoot: boolean
  /** It was made from a snapshot or a file: it has no parent either, but it is no branch that the project began with. */
  readonly isBrought: boolean
  readonly expires: boolean
  /** Ids of the branches that were made from it and are not deleted. */
  readonly children: readonly string[]
}

/** A branch among all branches of its project, as the API shows them, in the eyes of `branchActions`. */
export function branchSubject(branch: Branch, all: readonly Branch[]): BranchSubject {
  const { status } = branch
  return {
    name: branch.name,
    id: branch.branch_id,
    state: status.current_state,
    isProtected: status.is_protected,
    isDefault: status.default,
    isRoot: status.source_branch === undefined,
    isBrought: status.source_snapshot !== undefined || status.imported_from !== undefined,
    expires: status.expire_time !== undefined,
    children: all
      .filter((other) => other.status.source_branch === branch.name && other.status.delete_time === undefined)
      .map((child) => child.branch_id),
  }
}

/** Tells that a resource lives and dies with its parent; bundles and terraform look for it and let the parent's delete do. */
export const MANAGED_BY_PARENT = [
  {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    domain: 'databricks.com',
    reason: 'RESOURCE_CONFLICT',
    metadata: { declarative_context: 'MANAGED_BY_PARENT' },
  },
] as const

/** A condition on one side of a branch that is refused with `INVALID_PARAMETER_VALUE`. */
function unless(
  needs: string,
  isBad: (branch: BranchSubject) => boolean,
  reason: (branch: BranchSubject) => Reason,
): Condition<BranchSubject> {
  return {
    needs,
    refusal: (branch) =>
      isBad(branch) ? new LakeletError('invalid_parameter', { reason: reason(branch) }) : undefined,
  }
}

const isLive: Condition<BranchSubject> = {
  needs: 'it is not deleted',
  refusal: ({ state }) =>
    state === 'DELETED' ? new LakeletError('resource_not_found', { type: 'branch' }) : undefined,
}

const isDeleted: Condition<BranchSubject> = {
  needs: 'it is deleted and not purged',
  refusal: ({ state }) =>
    state === 'DELETED' ? undefined : new LakeletError('not_deleted', { type: 'branch' }),
}

const isReady: Condition<BranchSubject> = {
  needs: 'its state is READY',
  refusal: ({ id, state }) =>
    state === 'READY' ? undefined : new LakeletError('branch_not_ready', { name: id, state }),
}

const isUnprotected: Condition<BranchSubject> = {
  needs: 'it is not protected',
  refusal: ({ isProtected }) => (isProtected ? new LakeletError('branch_protected') : undefined),
}

const isNoRoot: Condition<BranchSubject> = {
  needs: 'it was made from another branch, from a snapshot or from a file',
  refusal: ({ isRoot, isBrought, name }) =>
    isRoot && !isBrought
      ? new LakeletError('branch_is_root', { name }, { details: MANAGED_BY_PARENT })
      : undefined,
}

const isNotDefault: Condition<BranchSubject> = {
  needs: 'it is not the default branch',
  refusal: ({ isDefault }) => (isDefault ? new LakeletError('branch_is_default') : undefined),
}

const hasNoChildren: Condition<BranchSubject> = {
  needs: 'no branch was made from it that is still there',
  refusal: ({ children }) =>
    children.length === 0
      ? undefined
      : new LakeletError('branch_has_children', { children: children.join(', ') }),
}

const deletable = [isUnprotected, isNoRoot, isNotDefault, hasNoChildren] as const

export const branchActions = {
  update: [isLive],
  protect: [
    isLive,
    unless(
      'it does not expire',
      ({ expires }) => expires,
      () => because('protected_expires'),
    ),
  ],
  expire: [
    isLive,
    unless(
      'it is not protected',
      ({ isProtected }) => isProtected,
      () => because('protected_expires'),
    ),
    unless(
      'it is not the default branch',
      ({ isDefault }) => isDefault,
      () => because('default_expires'),
    ),
    unless(
      'it was made from another branch, from a snapshot or from a file',
      ({ isRoot, isBrought }) => isRoot && !isBrought,
      () => because('root_expires'),
    ),
    unless(
      'no branch was made from it that is still there',
      ({ children }) => children.length > 0,
      () => because('parent_expires'),
    ),
  ],
  make_default: [
    isLive,
    unless(
      'it does not expire',
      ({ expires }) => expires,
      ({ id }) => because('expiring_default', { branch: id }),
    ),
  ],
  branch_from: [
    isLive,
    isReady,
    unless(
      'it does not expire',
      ({ expires }) => expires,
      ({ id }) => because('expiring_parent', { branch: id }),
    ),
  ],
  reset: [
    isLive,
    isReady,
    unless(
      'it was made from another branch',
      ({ isRoot }) => isRoot,
      () => because('reset_root'),
    ),
    unless(
      'it is not protected',
      ({ isProtected }) => isProtected,
      () => because('reset_protected'),
    ),
    unless(
      'no branch was made from it that is still there',
      ({ children }) => children.length > 0,
      ({ children }) => because('reset_parent', { children: children.join(', ') }),
    ),
  ],
  snapshot: [
    isLive,
    isReady,
    unless(
      'it was not made from another branch',
      ({ isRoot }) => !isRoot,
      ({ id }) => because('snapshot_of_child', { branch: id }),
    ),
  ],
  delete: [isLive, ...deletable],
  purge: deletable,
  undelete: [isDeleted],
  read_catalog: [isLive, isReady],
} as const satisfies ActionTable<BranchSubject>
