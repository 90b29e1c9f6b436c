// What an update of each resource may change, as its update mask names it.
import type { MaskRules } from './update-mask.ts'

export const projectUpdate = {
  leaves: [
    'spec.display_name',
    'spec.pg_version',
    'spec.history_retention_duration',
    'spec.default_endpoint_settings.autoscaling_limit_min_cu',
    'spec.default_endpoint_settings.autoscaling_limit_max_cu',
    'spec.default_endpoint_settings.pg_settings',
    'spec.default_branch',
    'spec.enable_pg_native_login',
    'spec.budget_policy_id',
    'spec.custom_tags',
    'spec.compute_provisioner',
  ],
  groups: {
    'spec.default_endpoint_settings.suspension': [
      'spec.default_endpoint_settings.suspend_timeout_duration',
      'spec.default_endpoint_settings.no_suspension',
    ],
  },
  aliases: {
    'spec.project_default_settings.suspension': 'spec.default_endpoint_settings.suspension',
  },
  clearable: ['spec.custom_tags', 'spec.default_endpoint_settings.pg_settings'],
  tolerated: [
    'name',
    'initial_endpoint_spec',
    'initial_branch_spec',
    'initial_database_spec',
    'initial_role_spec',
  ],
} as const satisfies MaskRules

export const branchUpdate = {
  leaves: [
    'spec.is_protected',
    'spec.source_branch',
    'spec.source_branch_lsn',
    'spec.source_branch_time',
    'spec.source_snapshot',
  ],
  groups: { 'spec.expiration': ['spec.ttl', 'spec.expire_time', 'spec.no_expiry'] },
  tolerated: ['name'],
} as const satisfies MaskRules

/** All cadences at once: they have no names. Some clients leave an empty list out. */
export const snapshotScheduleUpdate = {
  leaves: ['schedule'],
  clearable: ['schedule'],
  tolerated: ['name'],
} as const satisfies MaskRules

export const endpointUpdate = {
  leaves: [
    'spec.endpoint_type',
    'spec.autoscaling_limit_min_cu',
    'spec.autoscaling_limit_max_cu',
    'spec.disabled',
    'spec.settings.pg_settings',
    'spec.group.min',
    'spec.group.max',
    'spec.group.enable_readable_secondaries',
  ],
  groups: { 'spec.suspension': ['spec.suspend_timeout_duration', 'spec.no_suspension'] },
  aliases: { 'spec.settings': 'spec.settings.pg_settings' },
  clearable: ['spec.settings.pg_settings'],
  tolerated: ['name'],
} as const satisfies MaskRules

export const databaseUpdate = {
  leaves: ['spec.postgres_database', 'spec.role'],
  tolerated: ['name'],
} as const satisfies MaskRules

/** Lists are replaced as a whole, and an empty one is set like any other. */
export const dataApiUpdate = {
  leaves: [
    'spec.db_schemas',
    'spec.db_extra_search_path',
    'spec.db_max_rows',
    'spec.db_aggregates_enabled',
    'spec.jwt_role_claim_key',
    'spec.jwt_cache_max_lifetime',
    'spec.openapi_mode',
    'spec.server_cors_allowed_origins',
    'spec.server_timing_enabled',
    'spec.db_pre_request',
  ],
  clearable: [
    'spec.db_schemas',
    'spec.db_extra_search_path',
    'spec.db_max_rows',
    'spec.server_cors_allowed_origins',
    'spec.db_pre_request',
  ],
  tolerated: ['name'],
} as const satisfies MaskRules

/** Name, identity and login method of a role are fixed when it is created (UpdateRole of databricks-sdk 0.162). */
export const roleUpdate = {
  leaves: [
    'spec.membership_roles',
    'spec.attributes.createdb',
    'spec.attributes.createrole',
    'spec.attributes.bypassrls',
  ],
  clearable: ['spec.membership_roles'],
  tolerated: ['name'],
} as const satisfies MaskRules
