import type { ErrorEntry } from './entry.ts'

/** Errors of apps: of their API, of `app.yaml`, of builds and of starting a process. */
export const appsErrors = {
  app_exists: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_ALREADY_EXISTS',
    message: 'An app with the same name already exists: {name}',
  },
  app_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'App with name {name} does not exist or is deleted.',
  },
  app_name_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      "App name '{name}' is not valid: it must have 2 to 30 characters, start with a lower-case letter, and hold only lower-case letters, digits and hyphens.",
  },
  app_template_unknown: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: "There is no app template '{template}'; known: {known}.",
  },
  app_resource_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: "App resource '{resource}' is not valid: {reason}",
  },
  app_update_mask: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: "Update mask: '{field}' is not a field of an app that can be updated; known: {known}.",
  },
  too_many_apps: {
    kind: 'limited',
    status: 400,
    errorCode: 'RESOURCE_EXHAUSTED',
    message: 'The workspace has {limit} apps already, its limit. Delete one first.',
  },
  app_state: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: 'Cannot {action} app {name} because its compute is in {state} state.',
  },
  deployment_not_found: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'Deployment {deployment} of app {name} does not exist.',
  },
  deployment_in_progress: {
    kind: 'conflict',
    status: 409,
    errorCode: 'RESOURCE_CONFLICT',
    message: 'Cannot deploy app {name} as there is an active deployment in progress.',
  },
  app_source_missing: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      'App {name} has no default source code path yet. Name the workspace folder that holds its files with source_code_path.',
  },
  app_unreachable_directory: {
    kind: 'unavailable',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      'Apps run as users of their own, because the workspace was started by root, and they cannot pass through {directory}. Allow it with: chmod o+x {directory}, or use a data directory elsewhere.',
  },
  source_name_clash: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      "Two objects of the source folder would be one file on disk, '{path}': a notebook is written with its extension. Rename or delete one of them and deploy again.",
  },
  app_yaml_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: '{file}, line {line}, column {column}: {reason}',
  },
  app_no_command: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      "There is no start command: app.yaml names no command, package.json has no 'start' script, and the folder {folder} holds no .py file. Add `command: [...]` to app.yaml.",
  },
  app_value_from: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'error resolving resource {resource} for env {variable}{reason}',
  },
  python_missing: {
    kind: 'unavailable',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      'This is a Python app, and {found}. Install Python 3.9 or newer with its venv module (on Debian: apt install python3 python3-venv) and deploy again.',
  },
  python_base_failed: {
    kind: 'unavailable',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      "The app uses packages of the platform without naming them ({packages}), and they could not be installed; the build's log says why. Without a way to the Python index, name what the app needs in requirements.txt.",
  },
  app_build_failed: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: "The build failed: '{command}' {ending}. The end of its log:\n{log}",
  },
  app_disk_full: {
    kind: 'invalid',
    status: 400,
    errorCode: 'QUOTA_EXCEEDED',
    message:
      'The files of app {name} take {used} of disk, and its compute size has {limit}. Deploy it again: that begins with an empty disk. Let it write less, or give it a larger compute size.',
  },
  app_start_failed: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_STATE',
    message: "The app did not start: '{command}' {ending}.{hint} The end of its output:\n{log}",
  },
  app_port_taken: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      'The app insists on port {port}, which is taken by {owner}. Stop that, or let the app listen on the port in $DATABRICKS_APP_PORT. The end of its output:\n{log}',
  },
  app_unhealthy: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      'The app did not pass its health check: GET {path} {answer}. What ran before goes on. The end of its output:\n{log}',
  },
  app_health_check_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message:
      "The health check is not valid: its path must begin with '/', and its timeout be from 1 s to {most} s.",
  },
  app_resource_absent: {
    kind: 'invalid',
    status: 400,
    errorCode: 'FEATURE_DISABLED',
    message:
      "The variable {variable} takes its value from the app's resource '{resource}', a {kind}, which no local workspace has. Set {variable} in the deployment's env_vars, which go before app.yaml, or give it a `value` in app.yaml.",
  },
  app_thumbnail_invalid: {
    kind: 'invalid',
    status: 400,
    errorCode: 'INVALID_PARAMETER_VALUE',
    message: 'The picture of an app must be a PNG, JPEG, GIF or WebP in base64 of at most {limit} KiB.',
  },
  app_has_no_thumbnail: {
    kind: 'not_found',
    status: 404,
    errorCode: 'RESOURCE_DOES_NOT_EXIST',
    message: 'App {name} has no picture.',
  },
  deployment_not_kept: {
    kind: 'conflict',
    status: 400,
    errorCode: 'INVALID_STATE',
    message:
      'Deployment {deployment} of app {name} cannot be gone back to: {reason}. Those that can: {known}.',
  },
  deployment_interrupted: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'ABORTED',
    message: 'The workspace was stopped during this deployment. What ran before still runs; deploy again.',
  },
  deployment_cancelled: {
    kind: 'conflict',
    status: 409,
    errorCode: 'ABORTED',
    message: 'The app was {action} during this deployment.',
  },
  app_not_deployed: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'App {name} has not been deployed yet.',
  },
  app_not_running: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'App {name} is not running.',
  },
  app_unavailable: {
    kind: 'unavailable',
    status: 503,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'App {name} cannot answer now: {reason}',
    retryable: true,
  },
  app_no_answer: {
    kind: 'unavailable',
    status: 504,
    errorCode: 'DEADLINE_EXCEEDED',
    message: 'App {name} did not answer within {seconds} s.',
  },
  app_broken_answer: {
    kind: 'unavailable',
    status: 502,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message: 'App {name} closed the connection before it answered.',
  },
  app_answer_headers_too_large: {
    kind: 'unavailable',
    status: 502,
    errorCode: 'TEMPORARILY_UNAVAILABLE',
    message:
      'App {name} answered with more than {limit} KiB of headers: let it set fewer or smaller cookies.',
  },
  app_host_refused: {
    kind: 'forbidden',
    status: 421,
    errorCode: 'PERMISSION_DENIED',
    message: 'This address serves app {name} at {url} and under no other host name.',
  },
  app_origin_refused: {
    kind: 'forbidden',
    status: 403,
    errorCode: 'PERMISSION_DENIED',
    message: "A page of {origin} may not use app {name} with the signed-in user's session.",
  },
} as const satisfies Record<string, ErrorEntry>
