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
}

/** An endpoint of a branch, as the API shows them, in the eyes of `endpointActions`. */
export function endpointSubject(endpoint: Endpoint, branch: Branch): EndpointSubject {
  return {
    name: endpoint.name,
    id: endpoint.endpoint_id,
    isReadWrite: endpoint.status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE',
    isDisabled: endpoint.status.disabled,
    branch: { id: branch.branch_id, state: branch.status.current_state },
  }
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

const isReadOnly: Condition<EndpointSubject> = {
  needs: 'it is read-only: the read-write endpoint goes with its branch',
  refusal: ({ isReadWrite, name }) =>
    isReadWrite
      ? new LakeletError('endpoint_is_read_write', { name }, { details: MANAGED_BY_PARENT })
      : undefined,
}

export const endpointActions = {
  update: [isOfReadyBranch],
  delete: [isReadOnly],
  /** Creating, changing and deleting roles and databases through it. */
  change_catalog: [isOfReadyBranch, isEnabled],
} as const satisfies ActionTable<EndpointSubject>
