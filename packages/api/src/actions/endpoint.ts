import { LakeletError } from '../errors/lakelet-error.ts'
import type { Branch, BranchState } from '../resources/branch.ts'
import type { Endpoint } from '../resources/endpoint.ts'
import { MANAGED_BY_PARENT } from './branch.ts'
import type { ActionTable, Condition } from './table.ts'

/** An endpoint as its actions look at it. */
export interface EndpointSubject {
  /** The full resource name. */
  readonly name: string
  readonly id: string
  readonly isReadWrite: boolean
  readonly isDisabled: boolean
  /** Id and state of its branch. */
  readonly branch: { readonly id: string; readonly state: BranchState }
  /** What its compute does; left out where only what is stored is looked at. */
  readonly compute?: 'active' | 'idle' | 'changing'
}

/** An endpoint of a branch, as the API shows them, in the eyes of `endpointActions`. */
export function endpointSubject(endpoint: Endpoint, branch: Branch): EndpointSubject {
  return {
    name: endpoint.name,
    id: endpoint.endpoint_id,
    isReadWrite: endpoint.status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE',
    isDisabled: endpoint.status.disabled,
    branch: { id: branch.branch_id, state: branch.status.current_state },
    compute: computeOf(endpoint.status),
  }
}

function computeOf({ current_state: state, pending_state: pending }: Endpoint['status']) {
  if (pending !== undefined) return 'changing'
  return state === 'ACTIVE' ? 'active' : 'idle'
}

const isOfReadyBranch: Condition<EndpointSubject> = {
  needs: 'the state of its branch is READY',
  refusal: ({ branch }) =>
    branch.state === 'READY'
      ? undefined
      : new LakeletError('branch_not_ready', { name: branch.id, state: branch.state }),
}

const isEnabled: Condition<EndpointSubject> = {
  needs: 'it is not disabled',
  refusal: ({ isDisabled, id }) =>
    isDisabled ? new LakeletError('endpoint_is_disabled', { name: id }) : undefined,
}

/** The words that a connection is refused with. */
const mayWake: Condition<EndpointSubject> = {
  needs: 'it is not disabled',
  refusal: ({ isDisabled }) => (isDisabled ? new LakeletError('endpoint_disabled') : undefined),
}

const isSteady: Condition<EndpointSubject> = {
  needs: 'its compute is not changing its state',
  refusal: ({ compute, name }) =>
    compute === 'changing' ? new LakeletError('compute_is_changing', { name }) : undefined,
  isForOffers: true,
}

const isIdle: Condition<EndpointSubject> = {
  needs: 'its compute is idle',
  refusal: ({ compute, name }) =>
    compute === 'active' ? new LakeletError('compute_is_active', { name }) : undefined,
  isForOffers: true,
}

const isActive: Condition<EndpointSubject> = {
  needs: 'its compute is active',
  refusal: ({ compute, name }) =>
    compute === 'idle' ? new LakeletError('compute_is_idle', { name }) : undefined,
  isForOffers: true,
}

const isReadOnly: Condition<EndpointSubject> = {
  needs: 'it is read-only: the read-write endpoint goes with its branch',
  refusal: ({ isReadWrite, name }) =>
    isReadWrite
      ? new LakeletError('endpoint_is_read_write', { name }, { details: MANAGED_BY_PARENT })
      : undefined,
}

export const endpointActions = {
  /** A read-only one. */
  create: [isOfReadyBranch],
  update: [isOfReadyBranch],
  delete: [isReadOnly],
  /** Creating, changing and deleting roles and databases through it. */
  change_catalog: [isOfReadyBranch, isEnabled],
  wake: [isOfReadyBranch, mayWake, isSteady, isIdle],
  suspend: [isSteady, isActive],
  restart: [isOfReadyBranch, mayWake, isSteady, isActive],
} as const satisfies ActionTable<EndpointSubject>
