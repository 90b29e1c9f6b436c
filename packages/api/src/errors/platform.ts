import type { ErrorEntry } from './entry.ts'

/** Errors that any route may give. */
export const platformErrors = {
  metastore_missing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'METASTORE_DOES_NOT_EXIST',
    message: 'No metastore assigned for the current workspace.',
  },
  internal: {
    kind: 'internal',
    status: 500,
    errorCode: 'INTERNAL_ERROR',
    sqlState: 'XX000',
    message: 'Lakelet failed to handle this request. Its log has the details under request id {requestId}.',
  },
  invalid_parameter: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{reason}',
  },
  field_required: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'Field \'{field}\' is required, expected non-default value (not "")!',
  },
  malformed_request: {
    kind: 'invalid',
    status: 400,
    errorCode: 'MALFORMED_REQUEST',
    message: '{reason}',
  },
  sql_run_repeated: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message:
      'Run {run} was already accepted, so it is not run again. Look whether it took effect, then run with a new run_id.',
  },
  sql_runs_limit: {
    kind: 'limited',
    status: 429,
    errorCode: 'REQUEST_LIMIT_EXCEEDED',
    message: '{limit} SQL runs are under way already. Wait for one to end or cancel one.',
    retryable: true,
  },
  body_too_large: {
    kind: 'invalid',
    status: 413,
    errorCode: 'RESOURCE_LIMIT_EXCEEDED',
    message: 'The request body is larger than {limit} bytes.',
  },
  unsupported_media_type: {
    kind: 'invalid',
    status: 415,
    errorCode: 'BAD_REQUEST',
    message: "Content type '{contentType}' is not accepted here; send {expected}.",
  },
  request_timeout: {
    kind: 'invalid',
    status: 408,
    errorCode: 'DEADLINE_EXCEEDED',
    message: 'The request did not arrive within {seconds} s.',
  },
  headers_too_large: {
    kind: 'invalid',
    status: 431,
    errorCode: 'MALFORMED_REQUEST',
    message:
      'The request headers are too large: together they may have {limit} KiB. Remove cookies that nobody needs.',
  },
  host_unknown: {
    kind: 'invalid',
    status: 421,
    errorCode: 'MALFORMED_REQUEST',
    message:
      "The request is for host '{host}', which is not a name of this workspace. Use its address, or add the name to the workspace's settings.",
  },
  origin_foreign: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: "A page of '{origin}' may not change anything in this workspace.",
  },
  endpoint_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'ENDPOINT_NOT_FOUND',
    message: "No API found for '{method} {path}'",
  },
  rate_limited: {
    kind: 'limited',
    status: 429,
    errorCode: 'REQUEST_LIMIT_EXCEEDED',
    message: 'Too many requests; try again in {seconds} s.',
    retryable: true,
  },
  not_implemented: {
    kind: 'invalid',
    status: 501,
    errorCode: 'NOT_IMPLEMENTED',
    message: '{feature} is not implemented by Lakelet yet.',
  },
  feature_disabled: {
    kind: 'invalid',
    status: 400,
    errorCode: 'FEATURE_DISABLED',
    message: '{feature}: this is not part of a Lakelet workspace.',
  },
  bundle_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ALREADY_EXISTS',
    message: '{name} already exists.',
  },
  bundle_aborted: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ABORTED',
    message: 'Refused: {reason}. Read it again, and try again.',
  },
  feature_has_nothing: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: "'{path}' does not exist: this is not part of a Lakelet workspace ({feature}).",
  },
  client_gone: {
    kind: 'client_gone',
    status: 499,
    errorCode: 'CANCELLED',
    message: 'The client went away before the reply.',
  },
  disk_full: {
    kind: 'unavailable',
    // Not 503, which clients repeat for minutes by themselves: a person has to make room first (RFC 4918 §11.5).
    status: 507,
    errorCode: 'RESOURCE_EXHAUSTED',
    sqlState: '53100',
    message:
      "The disk that holds the workspace is full, so nothing can be written; reading goes on, and nothing that was acknowledged is lost. Free space on it (see what is large with 'df -h' and 'du -sh' in the data directory; older logs, lakelet.log.1 and so on, can go), then delete branches and apps that are not needed, and try again.",
  },
  branch_disk_full: {
    kind: 'unavailable',
    status: 507,
    errorCode: 'RESOURCE_EXHAUSTED',
    sqlState: '53100',
    message:
      'There is no room for the branch: it takes about {needed} MB, and {free} MB are free on the file system of {directory}. Nothing of it is left. Make room there: delete branches or apps that nobody needs, or empty the trash folder of the data directory.',
  },
  workspace_stopping: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    sqlState: '57P01',
    message: 'The workspace is stopping.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>
