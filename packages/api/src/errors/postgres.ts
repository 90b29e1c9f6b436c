import type { ErrorEntry } from './entry.ts'

/** Errors about projects, branches, endpoints, roles, databases and their computes. `{traceId}` is filled in by the HTTP server. */
export const postgresErrors = {
  extension_unknown: {
    kind: 'invalid',
    status: 400,
    errorCode: 'FEATURE_DISABLED',
    message:
      "Extension '{extension}' is not available for Postgres {major}: {reason}. Install the package {package} of your distribution, then run 'lakelet extension install {extension}' again.",
  },
  postgres_version_unknown: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Postgres {major} is not offered here. Major versions that are: {offered}.',
  },
  resource_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: '{type} id not found [TraceId: {traceId}]',
  },
  project_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ALREADY_EXISTS',
    message: 'project with such id already exists in the workspace',
  },
  already_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ALREADY_EXISTS',
    message: '{type} with such id already exists',
  },
  name_exists: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: '{type} with that name already exists',
  },
  invalid_id: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: "Field {field} must match pattern {pattern}, got '{value}'.",
  },
  owner_role_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: 'role not found; role_id:"{role}" [TraceId: {traceId}]',
  },
  conflicting_operations: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message:
      'Your project already has conflicting operations in progress. Please wait until they are complete, and then try again.',
    retryable: true,
  },
  limit_reached: {
    kind: 'limited',
    status: 400,
    errorCode: 'QUOTA_EXCEEDED',
    message: '{what} limit exceeded: at most {limit} are allowed. Delete one that is no longer needed.',
  },
  branch_protected: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: 'cannot delete protected branch',
  },
  branch_is_root: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "Cannot delete root branch '{name}'. Root branches cannot be deleted independently.",
  },
  branch_is_default: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "cannot delete default branch; make another one the project's default branch first",
  },
  branch_has_children: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: 'cannot delete branch that has children: {children}. Delete them first.',
  },
  branch_not_ready: {
    kind: 'unavailable',
    status: 409,
    errorCode: 'INVALID_STATE',
    sqlState: '57P03',
    message: "branch '{name}' is not ready: its state is {state}. Try again when it is READY.",
    retryable: true,
  },
  project_protected: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "cannot delete project: its branch '{branch}' is protected",
  },
  not_deleted: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: '{type} is not deleted, so there is nothing to undelete',
  },
  endpoint_is_read_write: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "Cannot delete read-write endpoint '{name}'. Read-write endpoints cannot be deleted.",
  },
  second_read_write_endpoint: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "branch already has a read-write endpoint: '{name}'",
  },
  endpoint_is_disabled: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: "endpoint '{name}' is disabled, so its databases and roles cannot be read. Enable it first.",
  },
  role_owns_objects: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message:
      'cannot delete role that owns objects: {objects}. Name another role in reassign_owned_to, or drop the objects.',
  },
  identity_unknown: {
    kind: 'not_found',
    status: 404,
    errorCode: 'PRINCIPAL_DOES_NOT_EXIST',
    message: "The workspace has no {type} '{name}'.",
  },
  catalog_busy: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message:
      'A transaction in the database holds what this change needs: {reason}. Try again when it has ended.',
    retryable: true,
  },
  catalog_object_in_use: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message: 'Sessions in the database stand in the way: {reason}. End them, then try again.',
    retryable: true,
  },
  catalog_object_needed: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: 'Other objects of the database depend on it: {reason}. Drop or change them first.',
  },
  catalog_timeout: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'Postgres did not finish the change in time: {reason}. Try again.',
    retryable: true,
  },
  catalog_refused: {
    kind: 'invalid',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: 'Postgres refuses the change: {reason} (SQLSTATE {sqlState}).',
  },
  compute_restarting: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'The compute went away while the change was made and did not come back in time. Try again.',
    retryable: true,
  },
  compute_connections_exhausted: {
    kind: 'limited',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message:
      'All connections of the compute are taken. End some, or give the endpoint a larger maximum size.',
    retryable: true,
  },
  compute_out_of_resources: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'The compute is out of memory or disk space: {reason}. Free some, then try again.',
    retryable: true,
  },
  schema_diff_failed: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: 'There are no statements that lead from the one schema to the other: {reason}',
  },
  postgres_unreachable_directory: {
    kind: 'invalid',
    status: 500,
    errorCode: 'INVALID_STATE',
    message:
      'Postgres refuses to run as root, so it runs as user {user} (uid {uid}), who may not enter {directory}. Name a data directory that this user can reach with --data-dir, for example /var/lib/lakelet, or allow entering this one with: chmod o+x {directory}',
  },
  postgres_socket_directory_taken: {
    kind: 'conflict',
    status: 500,
    errorCode: 'INVALID_STATE',
    message:
      'The directory {directory} for the sockets of Postgres belongs to another user. Remove it, or name another data directory with --data-dir.',
  },
  postgres_init_failed: {
    kind: 'internal',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    message: 'Postgres could not create a new cluster: {reason}',
  },
  postgres_leftover: {
    kind: 'conflict',
    status: 500,
    errorCode: 'INVALID_STATE',
    message:
      'A Postgres server of an earlier run (pid {pid}) still uses {directory} and did not end when told to. End it and start again.',
  },
  compute_start_failed: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    sqlState: '57P03',
    message: "Couldn't connect to compute node: Postgres did not start: {reason}",
    retryable: true,
  },
  branch_storage_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ALREADY_EXISTS',
    message: 'The storage of branch {branch} already exists.',
  },
  branch_storage_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: 'The storage of branch {branch} does not exist.',
  },
  branch_clone_failed: {
    kind: 'internal',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    message: 'Branch {branch} could not be copied: {reason}',
  },
  role_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: "The branch has no role '{role}'.",
  },
  role_name_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: "'{role}' cannot be the name of a Postgres role: {reason}.",
  },
  role_is_system: {
    kind: 'forbidden',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "role '{role}' belongs to the system and cannot be changed",
  },
  database_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'NOT_FOUND',
    message: "The branch has no database '{database}'.",
  },
  database_name_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: "'{database}' cannot be the name of a Postgres database: {reason}.",
  },
  database_is_system: {
    kind: 'forbidden',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: "database '{database}' belongs to the system and cannot be changed",
  },
} as const satisfies Record<string, ErrorEntry>
