// oxlint-disable max-lines -- one list of all tables, which is read from top to bottom and imports nothing
// All tables of the store as kysely sees them; the migrations make them. What a column means stands in the migration that adds it.
import type { Generated } from 'kysely'

export interface SettingsTables {
  settings: { name: string; value: string }
}

export interface PrincipalsTables {
  principals: {
    /** Numeric SCIM id. */
    id: number
    kind: 'user' | 'service_principal' | 'group'
    /** E-mail address, application id, or the group's display name. */
    name: string
    display_name: string
    active: number
    external_id: string | null
    /** JSON object of SCIM attributes that nothing interprets. */
    attributes: string
    is_system: number
    created_at: string
  }
  group_members: { group_id: number; member_id: number }
}

interface SecretColumns {
  id: string
  principal_id: number
  hash: string
  /** JSON array; empty means all scopes. */
  scopes: string
  created_at: number
  /** Null for a token without an end. */
  expires_at: number | null
}

export interface TokensTables {
  personal_tokens: SecretColumns & { comment: string }
  service_principal_secrets: SecretColumns
}

interface SecretAclColumns {
  scope: string
  principal_id: number
  permission: 'READ' | 'WRITE' | 'MANAGE'
}

export interface SecretScopesTables {
  secret_scopes: { name: string }
  secrets: {
    scope: string
    key: string
    /** The value, encrypted. */
    sealed: string
    /** Milliseconds since 1970. */
    updated_at: number
  }
  secret_acls: SecretAclColumns
  secret_attachments: SecretAclColumns
}

export interface BundleDeploymentsTables {
  bundle_deployments: { id: string; creator_id: number; body: string }
  bundle_versions: { deployment_id: string; version_id: number; locked_until: number; body: string }
  bundle_records: { deployment_id: string; version_id: number; resource_key: string; body: string }
}

export interface RolePasswordsTables {
  role_passwords: { verifier_hash: string; project_uid: string; sealed: string }
}

export interface SessionsTables {
  browser_sessions: { hash: string; principal_id: number; created_at: number; expires_at: number }
  sign_in_links: { hash: string; principal_id: number; expires_at: number }
}

export interface OAuthTables {
  oauth_artifacts: {
    model: string
    /** Hash of the value that the client holds. */
    id: string
    grant_id: string | null
    uid: string | null
    /** JSON. */
    payload: string
    /** Seconds since 1970; null for no end. */
    expires_at: number | null
  }
}

export interface SigningKeysTables {
  signing_keys: {
    kid: string
    /** JSON Web Key. */
    private_jwk: string
    /** Milliseconds since 1970. */
    created_at: number
    /** Milliseconds since 1970; null for the key that signs. */
    verify_until: number | null
  }
}

export interface PermissionsTables {
  permission_grants: {
    object_type: string
    object_id: string
    principal_id: number
    level: string
  }
}

export interface ProjectsTables {
  projects: {
    seq: Generated<number>
    uid: string
    project_id: string
    owner: string
    owner_id: number
    display_name: string
    pg_version: number
    history_retention_seconds: number
    default_endpoint_settings: string
    default_branch_uid: string
    enable_pg_native_login: number
    custom_tags: string | null
    budget_policy_id: string | null
    create_time: string
    update_time: string
    delete_time: string | null
    purge_time: string | null
  }
}

export interface BranchesTables {
  branches: {
    seq: Generated<number>
    uid: string
    branch_id: string
    project_uid: string
    state: 'INIT' | 'READY' | 'RESETTING'
    state_change_time: string
    is_protected: number
    expire_time: string | null
    ttl_seconds: number | null
    source_branch_uid: string | null
    /** Id of the snapshot that it was made from, in place of a branch. */
    source_snapshot_id: string | null
    /** Full name of the branch, where it was exported, that it was made of. */
    imported_from: string | null
    source_lsn: string | null
    source_time: string | null
    clone_method: 'reflink' | 'copy' | null
    /** Null for branches that were made before this was noted. */
    clone_bytes: number | null
    clone_ms: number | null
    logical_size_bytes: number
    create_time: string
    update_time: string
    delete_time: string | null
    purge_time: string | null
  }
}

export interface SnapshotsTables {
  snapshots: {
    seq: Generated<number>
    uid: string
    snapshot_id: string
    project_uid: string
    state: 'INIT' | 'READY'
    source_branch_uid: string
    source_branch_id: string
    source_lsn: string | null
    source_time: string | null
    is_scheduled: number
    expire_time: string | null
    clone_method: 'reflink' | 'copy' | null
    full_size_bytes: number | null
    diff_size_bytes: number | null
    /** JSON; see `SnapshotCatalog`. */
    catalog: string | null
    create_time: string
  }
  snapshot_schedules: {
    branch_uid: string
    /** JSON array of cadences. */
    schedule: string
    /** Up to here all that was due has been taken. */
    done_until: string
  }
}

export interface EndpointsTables {
  endpoints: {
    seq: Generated<number>
    uid: string
    endpoint_id: string
    branch_uid: string
    type: 'ENDPOINT_TYPE_READ_WRITE' | 'ENDPOINT_TYPE_READ_ONLY'
    min_cu: number
    max_cu: number
    suspend_seconds: number | null
    disabled: number
    pg_settings: string
    last_active_time: string | null
    asked_move: 'SUSPEND' | 'RESTART' | null
    parks_sessions: number | null
    group_size: Generated<number>
    reads_secondaries: Generated<number>
    create_time: string
    update_time: string
  }
}

export type CatalogKind = 'role' | 'database'

export interface CatalogIdsTables {
  catalog_ids: {
    branch_uid: string
    kind: CatalogKind
    oid: number
    id: string
    create_time: string
    update_time: string
    creator_id: number | null
  }
}

export interface CatalogsTables {
  catalogs: {
    branch_uid: string
    /** When the catalogue of the branch read so. */
    observed_time: string
    /** JSON arrays of what the Postgres room reads. */
    roles: string
    databases: string
  }
}

export interface DataApisTables {
  data_apis: {
    branch_uid: string
    database_oid: number
    spec: string
    available_schemas: string
    create_time: string
    update_time: string
  }
}

export interface OperationsTables {
  operations: {
    id: string
    resource: string
    kind: string
    metadata_type: string
    caller_id: number | null
    object_uid: string
    input: string
    progress: string
    state: 'running' | 'undoing' | 'succeeded' | 'failed'
    steps_done: number
    response: string | null
    error: string | null
    create_time: string
    end_time: string | null
  }
  operation_locks: { operation_id: string; scope: string; mode: 'shared' | 'exclusive' }
}

export interface ObjectRow {
  readonly object_id: number
  /** Absolute, without `/Workspace`; the root is the empty text. */
  readonly path: string
  readonly parent: string | null
  readonly type: 'DIRECTORY' | 'FILE' | 'NOTEBOOK'
  readonly language: 'PYTHON' | 'SQL' | 'SCALA' | 'R' | null
  /** How a notebook's blob is written. */
  readonly format: 'SOURCE' | 'JUPYTER' | null
  readonly blob: string | null
  readonly size: number | null
  /** Milliseconds since 1970. */
  readonly created_at: number
  readonly modified_at: number
}

export interface FilesTables {
  workspace_objects: ObjectRow
}

/** As it is stored; what the rest of the server sees is `AppRow` of apps.ts. */
export interface AppColumns {
  readonly name: string
  readonly id: string
  readonly description: string
  readonly compute_size: 'MEDIUM' | 'LARGE' | 'XLARGE'
  /** What the user wants of the app; what it does is known to the process only. */
  readonly wanted: 'RUNNING' | 'STOPPED' | 'DELETED'
  readonly port: number
  readonly service_principal_id: number
  readonly client_id: string
  readonly service_principal_name: string
  readonly default_source_code_path: string | null
  readonly active_deployment: string | null
  /** JSON: list of app resources. */
  readonly resources: string
  /** JSON: list of scopes. */
  readonly user_api_scopes: string
  /** JSON: settings without effect here, by field. */
  readonly other_settings: string
  /** JSON: the state of the last `update` call. */
  readonly last_update: string | null
  /** User id of the operating system that it runs under; null until it has one. */
  readonly os_uid: number | null
  readonly creator: string
  readonly updater: string
  readonly create_time: string
  readonly update_time: string
}

export interface AppsTables {
  apps: AppColumns
  app_thumbnails: { app: string; picture: Uint8Array }
}

/** As it is stored; what the rest of the server sees is `DeploymentRow` of deployments.ts. */
export interface DeploymentColumns {
  readonly deployment_id: string
  readonly app: string
  /** Counts up within the app. */
  readonly sequence: number
  readonly source_code_path: string
  /** Where the platform shows the copied source; the files themselves are in `deployment_files`. */
  readonly snapshot_path: string
  readonly mode: 'SNAPSHOT' | 'AUTO_SYNC'
  readonly state: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  readonly message: string
  /** JSON list; null where app.yaml decides. */
  readonly command: string | null
  /** JSON list of variables. */
  readonly env_vars: string | null
  /** JSON: the health check; null for none. */
  readonly health_check: string | null
  /** JSON: the finished build. */
  readonly build: string | null
  readonly creator: string
  readonly create_time: string
  readonly update_time: string
}

export interface DeploymentsTables {
  app_deployments: DeploymentColumns
}

export interface DeploymentFileRow {
  readonly deployment_id: string
  /** Relative to the source folder, as it is on disk. */
  readonly path: string
  /** Null for a folder. */
  readonly blob: string | null
}

export interface DeploymentFilesTables {
  deployment_files: DeploymentFileRow
}

export interface Tables
  extends
    SettingsTables,
    PrincipalsTables,
    TokensTables,
    SecretScopesTables,
    RolePasswordsTables,
    BundleDeploymentsTables,
    SessionsTables,
    OAuthTables,
    SigningKeysTables,
    PermissionsTables,
    ProjectsTables,
    BranchesTables,
    SnapshotsTables,
    EndpointsTables,
    CatalogIdsTables,
    CatalogsTables,
    DataApisTables,
    OperationsTables,
    FilesTables,
    AppsTables,
    DeploymentsTables,
    DeploymentFilesTables {}
