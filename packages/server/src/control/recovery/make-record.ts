import type { BranchRecord } from './branch-record.ts'

const SUSPEND_SECONDS = 300
const RETENTION_SECONDS = 604_800

/** The rows of a branch of which nothing is known but its files: a project of its own, named after the branch's uid. */
export function makeRecord(facts: {
  readonly uid: string
  readonly projectUid: string
  readonly pgVersion: number
  readonly owner: { readonly name: string; readonly id: number }
  readonly now: string
}): BranchRecord {
  const { uid, projectUid, pgVersion, owner, now } = facts
  const suffix = uid.replace(/^br-/, '').toLowerCase().replaceAll('_', '-')
  const times = { create_time: now, update_time: now }
  return {
    project: {
      uid: projectUid,
      project_id: `recovered-${suffix}`.slice(0, 60).replace(/-+$/, ''),
      owner: owner.name,
      owner_id: owner.id,
      display_name: `Recovered from ${uid}`,
      pg_version: pgVersion,
      history_retention_seconds: RETENTION_SECONDS,
      default_endpoint_settings: '{}',
      default_branch_uid: uid,
      enable_pg_native_login: 0,
      custom_tags: null,
      budget_policy_id: null,
      ...times,
      delete_time: null,
      purge_time: null,
    },
    branch: {
      uid,
      branch_id: 'production',
      state_change_time: now,
      is_protected: 0,
      expire_time: null,
      ttl_seconds: null,
      source_branch_uid: null,
      source_lsn: null,
      source_time: null,
      clone_method: null,
      ...times,
      delete_time: null,
      purge_time: null,
    },
    endpoints: [
      {
        uid: `ep-${suffix}`,
        endpoint_id: 'primary',
        type: 'ENDPOINT_TYPE_READ_WRITE',
        min_cu: 1,
        max_cu: 1,
        suspend_seconds: SUSPEND_SECONDS,
        disabled: 0,
        pg_settings: '{}',
        ...times,
      },
    ],
    catalogIds: [],
  }
}
