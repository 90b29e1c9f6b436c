// Rows of new branches and endpoints.
import type { NewBranchRow } from '../../metadata/branches.ts'
import type { NewEndpointRow } from '../../metadata/endpoints.ts'
import type { ComputeSize, Group } from './compute-settings.ts'
import { newUid } from './uids.ts'

/** A branch that is being made. */
export function newBranch(
  fields: Pick<NewBranchRow, 'branch_id' | 'project_uid'> & Partial<NewBranchRow>,
  now: string,
): NewBranchRow & { uid: string } {
  return {
    uid: newUid('br'),
    state: 'INIT',
    state_change_time: now,
    is_protected: 0,
    expire_time: null,
    ttl_seconds: null,
    source_branch_uid: null,
    source_snapshot_id: null,
    imported_from: null,
    source_lsn: null,
    source_time: null,
    clone_method: null,
    clone_bytes: null,
    clone_ms: null,
    logical_size_bytes: 0,
    create_time: now,
    update_time: now,
    delete_time: null,
    purge_time: null,
    ...fields,
  }
}

/** A read-write endpoint where nothing else is said. */
export function newEndpoint(
  fields: {
    readonly endpointId: string
    readonly branchUid: string
    readonly size: ComputeSize
    readonly pgSettings: Readonly<Record<string, string>>
    readonly isDisabled?: boolean
    readonly isReadOnly?: boolean
    readonly group?: Group
  },
  now: string,
): NewEndpointRow & { uid: string } {
  return {
    uid: newUid('ep'),
    endpoint_id: fields.endpointId,
    branch_uid: fields.branchUid,
    type: fields.isReadOnly === true ? 'ENDPOINT_TYPE_READ_ONLY' : 'ENDPOINT_TYPE_READ_WRITE',
    min_cu: fields.size.minCu,
    max_cu: fields.size.maxCu,
    suspend_seconds: fields.size.suspendSeconds,
    disabled: Number(fields.isDisabled ?? false),
    pg_settings: JSON.stringify(fields.pgSettings),
    last_active_time: null,
    group_size: fields.group?.size ?? 1,
    reads_secondaries: Number(fields.group?.readsSecondaries ?? false),
    create_time: now,
    update_time: now,
  }
}
