import type { ErrorEntry } from './entry.ts'

/** Errors about who calls and what they may do. */
export const identityErrors = {
  unauthenticated: {
    kind: 'unauthenticated',
    status: 401,
    errorCode: 'UNAUTHENTICATED',
    message: 'Credential was not sent or was of an unsupported type for this API.',
  },
  permission_denied: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: 'You have no permission for this: {action}.',
  },
  scope_missing: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: "The token's scopes do not cover this API: it has '{scopes}'.",
  },
  cross_origin_request: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message:
      'A browser sent this with its session cookie from a page of another site. Send it from the workspace itself, or use a bearer token.',
  },
  principal_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_ALREADY_EXISTS',
    message: '{kind} with name {name} already exists.',
  },
  principal_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: '{kind} with id {id} not found.',
  },
  named_principal_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Principal: {kind}({name}) does not exist.',
  },
  principal_of_app: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message:
      "The service principal '{name}' is what the app {app} runs as, so it cannot be deleted by itself. Delete the app: its service principal goes with it.",
  },
  system_group: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: "The group '{name}' belongs to the workspace: it cannot be renamed or deleted.",
  },
  owner_required: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{name} owns the workspace: it can neither be deleted nor deactivated nor leave the admins.',
  },
  scim_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{reason}',
  },
  token_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Token {id} does not exist.',
  },
  token_quota: {
    kind: 'limited',
    status: 400,
    errorCode: 'QUOTA_EXCEEDED',
    message: 'The quota of {limit} tokens is used up; delete one that is no longer needed.',
  },
  secret_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Secret {id} does not exist.',
  },
  secret_quota: {
    kind: 'limited',
    status: 400,
    errorCode: 'RESOURCE_LIMIT_EXCEEDED',
    message: 'A service principal can have {limit} secrets; delete one that is no longer needed.',
  },
  secret_scope_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Scope {scope} does not exist!',
  },
  scope_exists: {
    kind: 'conflict',
    status: 400,
    errorCode: 'RESOURCE_ALREADY_EXISTS',
    message: 'Scope {scope} already exists!',
  },
  scope_secret_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Secret does not exist with scope: {scope} and key: {key}',
  },
  acl_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'The scope {scope} has no access control line for {principal}.',
  },
  secret_unreadable: {
    kind: 'conflict',
    status: 409,
    errorCode: 'INVALID_STATE',
    message:
      'The value of {secret} was sealed with a key that this data directory no longer has (its file secrets.key was replaced). Restore that file, or store the value again.',
  },
  role_password_unknown: {
    kind: 'conflict',
    status: 400,
    errorCode: 'BAD_REQUEST',
    message: 'The password of role {role} cannot be shown: {reason}.',
  },
  credential_claims: {
    kind: 'invalid',
    status: 501,
    errorCode: 'NOT_IMPLEMENTED',
    message:
      'A credential with claims (READ_ONLY on certain tables) is not issued: nothing in Postgres would hold its session to them, so it would open all that the role may do. Ask for one without claims, as a role that may do no more than it should: CREATE ROLE …; GRANT SELECT ON … TO …, or databricks_create_role for a service principal of its own.',
  },
  not_group_member: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: "The caller is not a member of the group '{group}'.",
  },
} as const satisfies Record<string, ErrorEntry>
